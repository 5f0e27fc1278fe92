"""The line that repeats a run."""

from __future__ import annotations

from locust.argument_parser import get_parser

from config.options import add_options, command_line


def test_the_line_has_what_differs_from_the_defaults_and_no_credentials() -> None:
    parser = get_parser(default_config_files=[])
    if "--task-rate" not in parser.format_help():
        # Wherever a scenario has been imported, Locust's parser has the options already.
        add_options(parser)
    asked = ["-r", "5", "--fault", "drop:1%", "--fault", "replay-silent", "--task-rate", "2.5", "--as-found"]
    parsed = parser.parse_args([*asked, "--results-dir", "/x", "--header", "Authorization: secret"])
    parsed.run_time = 8
    parsed.user_classes = ["StreamUser"]
    assert command_line(parsed, host="", users=3) == (
        "locust --headless --users 3 --spawn-rate 5 --run-time 8s --task-rate 2.5 "
        "--fault drop:1% --fault replay-silent --as-found StreamUser"
    )
    assert "--host http://studio" in command_line(parsed, host="http://studio", users=None)
