"""Server-Sent Events as Locust knows its protocols: a user class, event hooks, rows in the statistics, a tab."""
