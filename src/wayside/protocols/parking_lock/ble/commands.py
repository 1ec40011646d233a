"""What can be asked of a parking lock over BLE: much of what TCP has under the same names, and some more."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated, Final, Literal

import msgspec

from wayside.model.commands import Capability, Risk
from wayside.model.errors import CommandError
from wayside.model.secrets import SECRET
from wayside.protocols.parking_lock.ble import messages as m
from wayside.protocols.parking_lock.ble.transfer import READING_WITHIN_S
from wayside.protocols.parking_lock.commands import AutoLockParameters, ServerParameters

ANSWER_WITHIN_S: Final = 5.0
"""A write and a notification take a tenth of a second; a lock that is silent for this long is out of reach."""

READ_BACK_WITHIN_S: Final = 60.0
"""Three or four packets written, a pause, some twenty read: ten seconds where the radio is good."""


class DeviceKeyParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The key that opens the lock to phones and gateways."""

    device_key: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[!-+\--9;-~]{8}$",
            description="Eight printable ASCII characters, no blank, comma or colon; "
            "once the lock has taken it, it is kept as the device's option",
            extra_json_schema=SECRET,
        ),
    ]


class AlarmSoundParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the horn sounds."""

    mode: Annotated[
        Literal["mute", "normal", "three_times"],
        msgspec.Meta(description="three_times: no more after three alarms"),
    ]


class BusAddressParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The lock's address on its 485 bus."""

    new: Annotated[int, msgspec.Meta(ge=1, le=254, description="Address to be")]
    current: Annotated[int, msgspec.Meta(ge=1, le=254, description="Address so far")] = 1


_Apn = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
_Pin = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4,8}$")]


class NetworkParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the lock's modem gets into its network; what is left out stays as it is."""

    apn: Annotated[_Apn | None, msgspec.Meta(description="Access point name")] = None
    pin: Annotated[_Pin | None, msgspec.Meta(description="PIN of the SIM card", extra_json_schema=SECRET)] = (
        None
    )


SHARED: Final = frozenset(
    {"unlock", "lock", "status", "version", "auto_lock", "find", "reboot", "set_server", "upgrade"}
)
"""What TCP has as well; declared there."""

CAPABILITIES: Final = (
    Capability(
        "information",
        "Read everything that the lock tells of itself",
        Risk.QUERY,
        lane="information",
        answer_within_s=READING_WITHIN_S,
        section="1.8",
    ),
    Capability(
        "cover",
        "Ask whether something covers it",
        Risk.QUERY,
        lane="32",
        answer_within_s=ANSWER_WITHIN_S,
        section="1.7.6.2",
    ),
    Capability(
        "address",
        "Ask for the Bluetooth address",
        Risk.QUERY,
        lane="03",
        answer_within_s=ANSWER_WITHIN_S,
        section="1.7.5",
    ),
    Capability(
        "alarm_sound",
        "Choose when the horn sounds",
        Risk.SETTING,
        AlarmSoundParameters,
        lane="40",
        answer_within_s=ANSWER_WITHIN_S,
        section="1.7.8",
    ),
    Capability(
        "set_bus_address",
        "Change its address on the 485 bus",
        Risk.SETTING,
        BusAddressParameters,
        lane="70",
        answer_within_s=ANSWER_WITHIN_S,
        section="1.7.12",
    ),
    Capability(
        "set_network",
        "Change how its modem gets into the network",
        Risk.DANGEROUS,
        NetworkParameters,
        lane="network",
        answer_within_s=READ_BACK_WITHIN_S,
        section="1.8",
    ),
    Capability(
        "set_device_key",
        "Change the key that it is opened with",
        Risk.DANGEROUS,
        DeviceKeyParameters,
        lane="33",
        answer_within_s=ANSWER_WITHIN_S,
        section="1.7.7",
        keeps={"device_key": "device_key"},
    ),
)

CARRIED: Final = SHARED | {capability.name for capability in CAPABILITIES}

QUERIES: Final[dict[str, m.StatusRequest | m.CoverRequest | m.AddressRequest]] = {
    "status": m.StatusRequest(),
    "cover": m.CoverRequest(),
    "address": m.AddressRequest(),
}

READINGS: Final = frozenset({"information", "version"})

SOUNDS: Final = {
    "mute": m.AlarmSound.MUTE,
    "normal": m.AlarmSound.NORMAL,
    "three_times": m.AlarmSound.THREE_TIMES,
}


def change_of(parameters: msgspec.Struct) -> msgspec.Struct:
    """The one message that a change, or a sound, consists of."""
    match parameters:
        case AutoLockParameters(enabled=enabled):
            return m.SetAutoLock(int(enabled))
        case AlarmSoundParameters(mode=mode):
            return m.SetAlarmSound(SOUNDS[mode])
        case BusAddressParameters(new=new, current=current):
            return m.SetBusAddress(current, new)
        case DeviceKeyParameters(device_key=device_key):
            return m.SetDeviceKey(device_key.encode("ascii"))
        case _:
            return m.Find()


def items_of(parameters: msgspec.Struct) -> dict[str, str]:
    """The information items that a command writes, in the document's order (1.8).

    Raises:
        CommandError: there is nothing to write.
    """
    match parameters:
        case ServerParameters(host=host, port=port):
            return {"IPMODE": "0" if _is_address(host) else "1", "IP": host, "PORT": str(port)}
        case NetworkParameters(apn=apn, pin=pin):
            items = {name: value for name, value in (("APN", apn), ("PIN", pin)) if value is not None}
            if not items:
                raise CommandError("name an apn, a pin, or both", "parameters.apn")
            return items
    raise AssertionError(parameters)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
