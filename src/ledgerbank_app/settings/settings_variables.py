"""What an environment variable is: its name, default and rule, kept with the field that it sets."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import attrs
from attrs import frozen

from ledgerbank_app.settings.secret_files import SecretFileError, read_secret_file
from ledgerbank_app.settings.settings_parsers import Parser
from ledgerbank_domain.identity.text_rules import is_text

G = TypeVar("G", bound=attrs.AttrsInstance)
FILE_SUFFIX = "_FILE"
"""Every secret may stand in a file instead, which the variable with this behind its name names."""
_METADATA_KEY = "ledgerbank_variable"


@frozen(kw_only=True)
class Variable:
    """``default`` is text that the same parser reads; None means that the value may be absent (None).

    ``in_production`` and ``production_default`` replace the parser and the default there.
    ``default_note`` says in words what a default is that only other settings can tell.
    """

    name: str
    parser: Parser[Any]
    in_production: Parser[Any] | None
    default: str | None
    production_default: str | None
    default_note: str | None
    is_required_in_production: bool
    is_secret: bool
    meaning: str

    def parser_for(self, *, production: bool) -> Parser[Any]:
        """How its text is read there; production may be stricter."""
        return self.in_production if production and self.in_production else self.parser

    def default_for(self, *, production: bool) -> str | None:
        """The text that counts while it is not set; None when it must be, or may be left out."""
        if not production:
            return self.default
        if self.is_required_in_production:
            return None
        return self.default if self.production_default is None else self.production_default


def variable(
    name: str,
    parser: Parser[Any],
    *,
    meaning: str,
    default: str | None = None,
    production_default: str | None = None,
    default_note: str | None = None,
    in_production: Parser[Any] | None = None,
    required_in_production: bool = False,
    secret: bool = False,
) -> Any:
    """A field that an environment variable sets. A secret is kept out of ``repr`` and is never trimmed."""
    described = Variable(
        name=name,
        parser=parser,
        in_production=in_production,
        default=default,
        production_default=production_default,
        default_note=default_note,
        is_required_in_production=required_in_production,
        is_secret=secret,
        meaning=meaning,
    )
    return attrs.field(metadata={_METADATA_KEY: described}, repr=not secret)


def variables_of(group: type[attrs.AttrsInstance]) -> Mapping[str, Variable]:
    """The variables that set a group, by the field's name."""
    return {field.name: field.metadata[_METADATA_KEY] for field in attrs.fields(group)}


class EnvironmentReader:
    """Reads groups of settings out of an environment and collects every problem instead of the first."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.production = False
        self.problems: list[str] = []

    def is_set(self, name: str) -> bool:
        """Whether the variable, or the one that names a file with it, is there and not blank."""
        return self._is_there(name) or self._is_there(name + FILE_SUFFIX)

    def group(self, kind: type[G], *, complete: Callable[[dict[str, Any]], None] | None = None) -> G | None:
        """The group, or None when a variable of it is a problem.

        ``complete`` gets the values by field and fills in what only other settings can tell.
        """
        problems_before = len(self.problems)
        values = {field: self._value(described) for field, described in variables_of(kind).items()}
        if len(self.problems) > problems_before:
            return None
        if complete is not None:
            complete(values)
        return kind(**values)

    def _value(self, described: Variable) -> Any:
        parser = described.parser_for(production=self.production)
        try:
            text = self._text(described)
        except SecretFileError as error:
            self.problems.append(str(error))
            return None
        if text is None:
            if self.production and described.is_required_in_production:
                self.problems.append(f"{described.name} is required in production: {parser.rule}.")
            return None
        if is_text(text):
            try:
                return parser.read(text)
            except ValueError:
                pass
        self.problems.append(f"{described.name} must be {parser.rule}.")
        return None

    def _text(self, described: Variable) -> str | None:
        if described.is_secret and self._is_there(described.name + FILE_SUFFIX):
            return self._text_of_file(described.name)
        if not self._is_there(described.name):
            return described.default_for(production=self.production)
        text = self._environment[described.name]
        return text if described.is_secret else text.strip()

    def _text_of_file(self, name: str) -> str:
        variable_of_file = name + FILE_SUFFIX
        if self._is_there(name):
            raise SecretFileError(f"{name} and {variable_of_file} are both set: set one of them.")
        try:
            return read_secret_file(self._environment[variable_of_file].strip())
        except SecretFileError as error:
            raise SecretFileError(f"{variable_of_file} names a file that {error}.") from None

    def _is_there(self, name: str) -> bool:
        return self._environment.get(name, "").strip() != ""
