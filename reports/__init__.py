"""Results and what people read of them: JSON, HTML, Markdown, terminal."""
