"""All settings from environment variables; `python -m ops.settings` prints them as a table.

Their names begin with `DIGITPAD_`. An empty variable counts as not set.
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "DIGITPAD_"
ROOT = Path(__file__).parents[1]


def _is_on(value: object) -> bool:
    return value is True or str(value).strip().lower() == "on"


def _file_or_address(value: object) -> Path | SecretStr:
    return SecretStr(str(value)) if "://" in str(value) else Path(str(value))


def _absolute(value: object) -> Path:
    return Path(str(value)).absolute()


# Only the word "on" turns a feature on, so that a typing error never opens what should be closed.
Switch = Annotated[bool, BeforeValidator(_is_on)]
AbsolutePath = Annotated[Path, BeforeValidator(_absolute)]
# The address of a database holds a password.
FileOrAddress = Annotated[Path | SecretStr, BeforeValidator(_file_or_address)]


class Settings(BaseSettings):
    """The settings; each field's description is its line in the documentation."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore")

    data: Path | None = Field(
        None, description="Folder with MNIST; without it Keras' own copy is used or downloaded."
    )
    runs: AbsolutePath = Field(
        ROOT / "runs", description="Folder of the training runs and of `served.json`."
    )
    training: Switch = Field(
        False, description="`on` lets visitors train and serve networks from the Train page."
    )
    password: SecretStr = Field(
        SecretStr(""),
        description="The owner's password, 12 to 200 characters, for Corrections and Train.",
    )
    corrections: FileOrAddress = Field(
        ROOT / "corrections.sqlite3",
        description="SQLite file that keeps visitors' corrections; for several machines "
        "`postgresql+psycopg://USER:PASSWORD@HOST/DATABASE`.",
    )
    corrections_page: Switch = Field(
        False, description="`on` shows the Corrections page to everyone; ignored with a password."
    )
    log: str = Field(
        "",
        description="Log of predictions: `on` for standard error, `off`, or a file's path. "
        "Default: `on` under `server.py`, else `off`.",
    )


def settings() -> Settings:
    """The settings as the environment has them now."""
    return _parsed(tuple(os.environ.get(variable(name)) for name in Settings.model_fields))


@lru_cache(maxsize=1)
def _parsed(_values: tuple[str | None, ...]) -> Settings:
    return Settings()  # takes 0.3 ms, and a page asks several times a run


def variable(field: str) -> str:
    """The name of the environment variable that sets a field.

    Example:
        >>> variable("corrections_page")
        'DIGITPAD_CORRECTIONS_PAGE'
    """
    if field not in Settings.model_fields:
        raise ValueError(f"There is no such setting. Received: {field}")
    return f"{PREFIX}{field.upper()}"


def markdown_table() -> str:
    """The variables with default and meaning, as a Markdown table."""
    rows = ["| Variable | Default | Meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.default
        if isinstance(default, bool):
            default = "on" if default else "off"
        elif isinstance(default, Path):
            default = default.relative_to(ROOT)
        elif isinstance(default, SecretStr) or not default:
            default = ""
        shown = f"`{default}`" if default else "none"
        rows.append(f"| `{variable(name)}` | {shown} | {field.description} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(markdown_table(), end="")
