"""Where settings come from, which source wins, and what is said about a wrong one."""

from pathlib import Path

import pytest

from wayside.app.catalogue import SETTINGS, settings_reference
from wayside.app.config import load, strangers
from wayside.app.protocols import PROTOCOLS
from wayside.app.settings import LogLevel
from wayside.gateway.registry import Registering
from wayside.model.errors import ConfigError
from wayside.protocol.base import Transport


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def toml(text: str, name: str = "wayside.toml") -> Path:
    path = Path(name)
    path.write_text(text)
    return path


def test_the_defaults_stand_alone() -> None:
    found = load({}, {})
    assert found.settings.registration is Registering.QUARANTINE
    assert found.settings.retention.frames_age_days is None
    assert set(found.sources.values()) == {"default"}
    assert set(found.settings.listen) == {each.name for each in PROTOCOLS if each.link(Transport.TCP)}
    assert found.settings.listen["jimi"] == "0.0.0.0:21100"


def test_each_source_wins_over_the_one_before() -> None:
    toml('http = "127.0.0.1:1"\npublic_url = "http://file"\ndata_dir = "file"\n[log]\nlevel = "error"')
    environ = {"WAYSIDE_HTTP": "127.0.0.1:2", "WAYSIDE_PUBLIC_URL": "http://environment", "PATH": "/bin"}
    found = load({"http": "127.0.0.1:3"}, environ)

    assert found.settings.http == "127.0.0.1:3"
    assert found.settings.public_url == "http://environment"
    assert found.settings.data_dir == "file"
    assert found.settings.log.level is LogLevel.ERROR
    assert found.sources["http"] == "command line"
    assert found.sources["public_url"] == "environment WAYSIDE_PUBLIC_URL"
    assert found.sources["data_dir"] == "file wayside.toml"
    assert found.sources["registration"] == "default"


def test_a_named_file_takes_the_place_of_the_usual_one() -> None:
    toml('data_dir = "usual"')
    other = toml('http = "127.0.0.1:9"', "other.toml")
    assert load({}, {}, other).settings.data_dir == "data"
    assert load({}, {"WAYSIDE_CONFIG": "other.toml"}).settings.http == "127.0.0.1:9"


def test_text_is_read_as_what_the_setting_wants() -> None:
    environ = {
        "WAYSIDE_RETENTION_FRAMES_AGE_DAYS": "2.5",
        "WAYSIDE_RETENTION_LOG_BYTES": "2000000",
        "WAYSIDE_METRICS_PUBLIC": "true",
        "WAYSIDE_LISTEN_PARKING_LOCK": "off",
    }
    settings = load({}, environ).settings
    assert settings.retention.frames_age_days == 2.5
    assert settings.retention.log_bytes == 2_000_000
    assert settings.metrics_public is True
    assert settings.listen["parking-lock"] is None
    assert settings.listen["jimi"] is not None


def test_an_optional_setting_can_be_switched_off_again() -> None:
    toml("[retention]\nframes_age_days = 3")
    assert load({"retention.frames_age_days": "off"}, {}).settings.retention.frames_age_days is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('htp = "x:1"', r"htp \(file wayside.toml\).*no such setting.*did you mean http\?"),
        ("[retention]\nframe_age_days = 1", r"retention.frame_age_days .*did you mean retention.frames_age"),
        ("[listen]\njimmi = 'x:1'", r"listen.jimmi .*did you mean listen.jimi"),
        ("http = 8080", r"http \(file wayside.toml\): 8080.*text"),
        ('http = "8080"', r"http \(file wayside.toml\).*HOST:PORT"),
        ('http = "x:65536"', "HOST:PORT"),
        ('public_url = "ftp://x"', "public_url .*http://HOST:PORT"),
        ('registration = "opn"', "registration .*'opn'.*open or quarantine"),
        ("[retention]\nlog_bytes = 10", "retention.log_bytes .*>= 1000000"),
        ("[retention]\nframes_age_days = 0", "retention.frames_age_days .*> 0"),
        ("[retention]\nframes_age_days = '2x'", "retention.frames_age_days"),
        ("metrics_public = 1", "metrics_public .*true or false"),
        ("[log\nlevel", r"wayside\.toml: .*line 1"),
    ],
)
def test_a_wrong_setting_is_named_with_its_source(text: str, complaint: str) -> None:
    toml(text)
    with pytest.raises(ConfigError, match=complaint):
        load({}, {})


@pytest.mark.parametrize(
    ("command_line", "environ", "complaint"),
    [
        ({"http": "nowhere"}, {}, r"http \(command line\)"),
        ({"nonsense": "1"}, {}, r"nonsense \(command line\).*no such setting"),
        ({}, {"WAYSIDE_HTTP": "nowhere"}, r"http \(environment WAYSIDE_HTTP\)"),
    ],
)
def test_so_is_one_from_elsewhere(
    command_line: dict[str, object], environ: dict[str, str], complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        load(command_line, environ)


def test_options_are_not_shown_because_some_are_secret() -> None:
    found = load({"options.power-bank": "crc_mode=lenient"}, {})
    assert found.open_value("options.power-bank") == {"crc_mode": "…"}
    assert found.open_value("http") == found.value("http")


def test_a_missing_named_file_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"gone\.toml"):
        load({}, {}, Path("gone.toml"))


def test_variables_that_set_nothing_are_shown() -> None:
    environ = {"WAYSIDE_HTP": "1", "WAYSIDE_TOKEN": "x", "WAYSIDE_HTTP": "y", "HOME": "z"}
    assert strangers(environ) == ["WAYSIDE_HTP: no setting has this name; did you mean WAYSIDE_HTTP?"]


def test_every_setting_is_documented_and_has_a_variable_of_its_own() -> None:
    rows = settings_reference()
    assert [row.name for row in rows] == list(SETTINGS)
    assert [row.name for row in rows if not row.doc or not row.type] == []
    assert next(row for row in rows if row.name == "listen.jimi").doc.startswith("Where devices")
    assert len({row.environment for row in rows}) == len(rows)


def test_every_default_satisfies_its_own_setting() -> None:
    for setting in SETTINGS.values():
        assert setting.convert(setting.default) == setting.default
