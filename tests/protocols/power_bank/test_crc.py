from __future__ import annotations

import pytest

from tests.protocols.power_bank.printed import IMEI, frame, modbus
from wayside.model.errors import ConfigError
from wayside.protocol.base import Side
from wayside.protocols.power_bank.crc import CANDIDATES, DEFAULT, Crc, candidates, crc_from
from wayside.protocols.power_bank.frames import BraceFramer, Frame
from wayside.protocols.power_bank.options import Options, options_from
from wayside.protocols.power_bank.verifier import Verifier
from wayside.wire.errors import ChecksumError

# From the catalogue of parametrised CRC algorithms: what each makes of "123456789".
CATALOGUE = {
    "modbus": "4B37",
    "arc": "BB3D",
    "usb": "B4C8",
    "ccitt-false": "29B1",
    "xmodem": "31C3",
    "kermit": "2189",
    "x25": "906E",
    "mcrf4xx": "6F91",
}


def heard(content: str, crc: str) -> Frame:
    (found,) = BraceFramer(Side.DEVICE).feed(frame(content, crc=crc))
    assert isinstance(found, Frame)
    return found


def by(profile: Crc, content: str) -> Frame:
    return heard(content, profile.of(f"{IMEI},{content}"))


@pytest.mark.parametrize(("algorithm", "value"), CATALOGUE.items())
def test_the_algorithms(algorithm: str, value: str) -> None:
    assert Crc(algorithm).of("123456789") == value


def test_the_default_is_modbus_over_the_text_in_upper_case() -> None:
    assert DEFAULT.of(f"{IMEI},CH") == f"{modbus(f'{IMEI},CH'.encode()):04X}"
    assert CANDIDATES[0] == DEFAULT


def test_coverage_order_and_case() -> None:
    text = f"{IMEI},CH"
    covered = {"brace-text-comma": '{"' + text + ",", "brace-text": '{"' + text, "text-comma": text + ","}
    for coverage, whole in covered.items():
        assert Crc(coverage=coverage).of(text) == f"{modbus(whole.encode()):04X}"
    high = DEFAULT.of(text)
    assert Crc(order="low").of(text) == high[2:] + high[:2]
    assert Crc(case="lower").of(text) == high.lower()


def test_the_case_of_the_digits_is_not_held_against_a_frame() -> None:
    assert DEFAULT.fits("123456789", "4b37")
    assert not DEFAULT.fits("123456789", "4b38")


def test_candidates_of_one_frame_are_few() -> None:
    other = Crc("xmodem", "brace-text", "low", "lower")
    found = candidates("123456789", other.of("123456789"))
    assert other in found
    assert len(found) <= 3


class TestOptions:
    def test_none(self) -> None:
        assert options_from({"poll_interval_s": "5"}) == Options()

    def test_all(self) -> None:
        texts = {"crc_profile": "xmodem/text-comma", "crc_mode": "lenient", "separators": "dot"}
        assert options_from(texts) == Options(Crc("xmodem", "text-comma"), lenient=True, dotted=True)

    @pytest.mark.parametrize("profile", CANDIDATES)
    def test_a_profile_is_read_as_it_is_written(self, profile: Crc) -> None:
        assert crc_from(str(profile)) == profile

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("crc_profile", "crc32"),
            ("crc_profile", "modbus/all"),
            ("crc_profile", "modbus/text/high/upper/more"),
            ("crc_profile", "modbus//low"),
            ("crc_mode", "Strict"),
            ("separators", ""),
        ],
    )
    def test_what_cannot_be_is_refused_by_name(self, name: str, text: str) -> None:
        with pytest.raises(ConfigError, match=name):
            options_from({name: text})


class TestVerifier:
    def test_right(self) -> None:
        verifier = Verifier(Options())
        assert verifier.right(by(DEFAULT, "CH"))
        assert verifier.learnt is None

    def test_wrong_and_strict(self) -> None:
        with pytest.raises(ChecksumError, match="modbus/text/high/upper"):
            Verifier(Options()).right(heard("CH", "0000"))

    def test_wrong_and_lenient(self) -> None:
        assert not Verifier(Options(lenient=True)).right(heard("CH", "0000"))

    @pytest.mark.parametrize("profile", CANDIDATES[1:])
    def test_every_profile_is_learnt_from_two_different_frames(self, profile: Crc) -> None:
        verifier = Verifier(Options(lenient=True))
        contents = ["CH", "MQ,1,AB12", "AQ,1.EM;", "MC,RO,1,AB12"]
        for content in contents:
            verifier.right(by(profile, content))
        assert verifier.crc.of("123456789").upper() == profile.of("123456789").upper()
        assert all(verifier.right(by(profile, content)) for content in contents)

    def test_the_second_frame_is_taken_even_in_strict_mode(self) -> None:
        profile, verifier = Crc("xmodem"), Verifier(Options())
        with pytest.raises(ChecksumError):
            verifier.right(by(profile, "CH"))
        assert verifier.right(by(profile, "MQ,1,AB12"))
        assert verifier.learnt == profile

    def test_the_same_frame_again_proves_nothing(self) -> None:
        profile, verifier = Crc("xmodem"), Verifier(Options(lenient=True))
        assert not verifier.right(by(profile, "CH"))
        assert not verifier.right(by(profile, "CH"))
        assert verifier.learnt is None

    def test_until_it_is_certain_answers_are_written_as_the_frames_suggest(self) -> None:
        profile, verifier = Crc("xmodem"), Verifier(Options(lenient=True))
        assert verifier.ours == DEFAULT
        verifier.right(by(profile, "CH"))
        assert verifier.ours == profile

    def test_a_default_that_has_fitted_is_never_doubted(self) -> None:
        verifier = Verifier(Options(lenient=True))
        assert verifier.right(by(DEFAULT, "CH"))
        for content in ("MQ,1,AB12", "MQ,2,AB12", "MQ,3,AB12"):
            assert not verifier.right(by(Crc("xmodem"), content))
        assert verifier.ours == DEFAULT

    def test_a_named_profile_is_never_doubted(self) -> None:
        verifier = Verifier(Options(crc=Crc("kermit"), lenient=True))
        for content in ("MQ,1,AB12", "MQ,2,AB12", "MQ,3,AB12"):
            assert not verifier.right(by(DEFAULT, content))
        assert verifier.right(by(Crc("kermit"), "CH"))

    def test_noise_teaches_nothing(self) -> None:
        verifier = Verifier(Options(lenient=True))
        for number in range(200):
            verifier.right(heard(f"MQ,1,AB{number}", "0000"))
        assert verifier.learnt is None
