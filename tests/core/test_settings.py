"""Settings come from one of four places, in order, are checked, and print without secrets."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from ciokit import AppClient, ConfigurationError, CustomerIOClient, Limits, Rate, Settings


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
        ('region = "eu"\n', "`region` in .* stands in no table"),
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


@pytest.mark.parametrize("content", [b'api_key = "top-secret\xff"', b'[default]\napi_key = "top-secret'])
def test_a_broken_profile_file_does_not_leave_its_keys_in_the_error(profiles: Path, content: bytes) -> None:
    """Neither the text nor any error behind it holds what the file holds."""
    profiles.write_bytes(content)
    with pytest.raises(ConfigurationError, match="is not TOML") as caught:
        Settings.resolve()
    assert caught.value.__context__ is caught.value.__cause__ is None


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that nobody can read, also not root")
def test_a_profile_file_that_cannot_be_read_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without permission is named, with the reason."""
    monkeypatch.setenv("CUSTOMERIO_PROFILES", "/proc/self/mem")
    with pytest.raises(ConfigurationError, match=r"/proc/self/mem cannot be read \(OSError\)"):
        Settings.resolve()


def test_a_place_no_file_can_have_is_like_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system says of an impossible path is told as any missing file."""
    monkeypatch.setenv("CUSTOMERIO_PROFILES", "x" * 5000)
    with pytest.raises(ConfigurationError, match="does not exist"):
        Settings.resolve()


def test_a_user_without_a_home_needs_no_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers that run as a user nobody knows have no home directory; an argument is enough there."""
    monkeypatch.delenv("CUSTOMERIO_PROFILES")
    monkeypatch.setattr(Path, "home", _no_home)
    assert Settings.resolve(api_key="k").api_key == "k"
    with pytest.raises(ConfigurationError, match="does not exist"):
        Settings.resolve(profile="eu")


def _no_home() -> Path:
    raise RuntimeError("Could not determine home directory.")


def test_blanks_in_the_environment_count_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of blanks is not set, and what a file left around a value is no part of it."""
    monkeypatch.setenv("CUSTOMERIO_REGION", "  ")
    monkeypatch.setenv("CUSTOMERIO_API_KEY", "key\r\n")
    assert (Settings.resolve().region, Settings.resolve().api_key) == ("us", "key")


def test_none_counts_as_not_given() -> None:
    """An option handed on as None changes nothing, beside resolved settings too."""
    options: Any = dict.fromkeys(("timeout", "base_url", "hooks", "limiter", "clock", "profile"))
    for settings in (None, Settings(api_key="k", timeout=3.0, base_url="http://127.0.0.1:1")):
        with CustomerIOClient("k", **options, settings=settings) as client:  # type: ignore[arg-type]  # None on purpose
            assert client.settings.timeout == (3.0 if settings else 30.0)


def test_settings_and_profile_exclude_each_other() -> None:
    """Resolved settings have had their profile."""
    with pytest.raises(ConfigurationError, match="`profile` and `settings` exclude"):
        CustomerIOClient(settings=Settings(api_key="k"), profile="eu")


def test_a_rate_of_one_api_leaves_that_of_the_others() -> None:
    """Limits given for one surface are no reason for another to have none."""
    with AppClient("k", limits=Limits(rates={"pipelines": Rate(1, 1.0)})) as client:
        assert client._sender.connection.limiters.of("app").requests == 10


def test_a_missing_key_says_where_it_was_looked_for() -> None:
    """The first error of a newcomer names the argument, the profile and the variable."""
    with pytest.raises(ConfigurationError, match=r"`api_key` is missing.*CUSTOMERIO_API_KEY"):
        CustomerIOClient()


@pytest.mark.parametrize("key", ["", "   ", "two words", "kéy", "key\n", "key\x00"])
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
        {"timeout": math.nan},
        {"timeout": math.inf},
        {"base_url": "http://[::1"},
        {"base_url": "http://127.0.0.1:99999"},
        {"base_url": "http://127.0.0.1:port"},
        {"base_url": "http://127.0.0.1:8787#here"},
        {"base_url": "http://127.0.0.1:8787?"},
        {"base_url": "http://127.0.0.1:8787\n"},
        {"base_url": " http://127.0.0.1:8787"},
        {"base_url": "http://:secret@127.0.0.1"},
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
