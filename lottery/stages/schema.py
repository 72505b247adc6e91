"""Stage `schema`: the JSON schema of config.yaml, for editors and for readers."""

import argparse

import yaml

from lottery.config import Config


def schema() -> str:
    """The schema as YAML, made from the typed classes that check the config."""
    text: str = yaml.safe_dump(Config.model_json_schema(), sort_keys=False, width=100)
    return f"# Made by `python -m lottery schema`; do not edit.\n{text}"


def arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(args: argparse.Namespace) -> None:
    """The stage as a command."""
    print(schema(), end="")
