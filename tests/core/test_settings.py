"""Settings come from one of four places, in order, are checked, and print without secrets."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from ciokit import ConfigurationError, CustomerIOClient, Settings


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A profile file with two tables."""
    path = tmp_path / "profiles.toml"
    path.write_text('[default]\napi_key = "from-profile"\ntimeout = 9\n[eu]\nregion = "eu"\nstrict_mode = false\n')
    monkeypatch.setenv("CUSTOMERIO_PROFILES", str(path))
    return path


@pytest.mark.usefixtures("profiles")
def test_argument_beats_profile_beats_environment_beats_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first that is given wins, setting by setting."""
    monkeypatch.setenv("CUSTOMERIO_API_KEY", "from-environment")
    monkeypatch.setenv("CUSTOMERIO_TIMEOUT", "7")
    monkeypatch.setenv("CUSTOMERIO_MISSING", "omit")
    settings = Settings.resolve(api_key="from-argument")
    assert (settings.api_key, settings.timeout, settings.missing, settings.region) == (
        "from-argument",
        9.0,
        "omit",
        "us",
    )
    assert Settings.resolve().api_key == "from-profile"


@pytest.mark.usefixtures("profiles")
def test_a_profile_is_chosen_by_argument_or_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Named tables are profiles; types are those of TOML."""
    assert Settings.resolve(profile="eu").strict_mode is False
    monkeypatch.setenv("CUSTOMERIO_PROFILE", "eu")
    assert Settings.resolve().region == "eu"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not toml", "is not TOML"),
        ('[default]\nregoin = "eu"\n', "`regoin` in .* is no setting"),
        ('[default]\nregion = "mars"\n', "`region` must be one of us, eu"),
        ("[default]\napi_key = 7\n", "must be text"),
        ('[default]\ntimeout = "soon"\n', "number of seconds"),
        ('[default]\nstrict_mode = "perhaps"\n', "true or false"),
    ],
)
def test_a_bad_profile_file_says_what_is_wrong(profiles: Path, text: str, words: str) -> None:
    """Misspelled and mistyped settings are not ignored."""
    profiles.write_text(text)
    with pytest.raises(ConfigurationError, match=words):
        Settings.resolve()


@pytest.mark.usefixtures("profiles")
def test_an_unknown_profile_lists_the_known_ones() -> None:
    """The error says which there are."""
    with pytest.raises(ConfigurationError, match="has default, eu"):
        Settings.resolve(profile="prod")


def test_a_named_profile_needs_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A profile file that was asked for and is not there is an error."""
    monkeypatch.setenv("CUSTOMERIO_PROFILES", str(tmp_path / "none.toml"))
    with pytest.raises(ConfigurationError, match="does not exist"):
        Settings.resolve()


def test_a_missing_key_says_where_it_was_looked_for() -> None:
    """The first error of a newcomer names the argument, the profile and the variable."""
    with pytest.raises(ConfigurationError, match=r"`api_key` is missing.*CUSTOMERIO_API_KEY"):
        CustomerIOClient()


@pytest.mark.parametrize("key", ["", "   ", "two words", "kéy", "key\n"])
def test_a_key_that_cannot_be_one_is_refused(key: str) -> None:
    """Copying mistakes are found before the service answers 401."""
    with pytest.raises(ConfigurationError, match="api_key"):
        CustomerIOClient(key)


@pytest.mark.parametrize(
    "settings",
    [
        {"region": "asia"},
        {"region": "US"},
        {"missing": "drop"},
        {"semantic_check": "maybe"},
        {"item_context": "both"},
        {"timeout": 0},
        {"base_url": "cdp.customer.io"},
        {"base_url": "http://127.0.0.1:8787/v1"},
        {"base_url": "http://key:secret@127.0.0.1"},
        {"base_url": "ftp://127.0.0.1"},
    ],
)
def test_a_setting_that_cannot_work_is_refused(settings: dict[str, Any]) -> None:
    """Each is named, before anything is sent, and no secret in it is shown."""
    with pytest.raises(ConfigurationError) as caught:
        Settings.resolve(**settings)
    assert f"`{next(iter(settings))}`" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_printing_never_shows_a_secret() -> None:
    """Keys are told as set or not; a proxy's credentials are not told."""
    settings = Settings(api_key="abc123", proxy="http://me:abc123@proxy")
    assert "abc123" not in repr(settings) + str(settings.describe())
    assert settings.describe()["api_key"] == "[set]"
    assert settings.describe()["app_api_key"] == "[not set]"


def test_settings_are_frozen() -> None:
    """What a client was made with stays."""
    with pytest.raises(FrozenInstanceError):
        Settings().region = "eu"  # type: ignore[misc]  # the refusal is the test


def test_given_settings_are_taken_and_can_be_changed_by_argument() -> None:
    """A resolved value can be handed on; an argument beside it wins."""
    with CustomerIOClient(settings=Settings(api_key="k", region="eu"), timeout=3.0) as client:
        assert (client.settings.region, client.settings.timeout) == ("eu", 3.0)


def test_a_misspelled_option_is_a_type_error() -> None:
    """A keyword nobody knows is not swallowed."""
    with pytest.raises(TypeError, match="timout"):
        CustomerIOClient("k", timout=3.0)  # type: ignore[call-arg]  # the misspelling is the point
