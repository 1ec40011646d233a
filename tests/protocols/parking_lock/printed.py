"""The lines that the document prints in chapter 2, with what a reader finds in them; our encoder made none of them."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from wayside.protocol.base import Side
from wayside.protocols.parking_lock import messages as m

HERE, THERE = Side.SERVER, Side.DEVICE


class Printed(NamedTuple):
    side: Side
    text: str
    message: msgspec.Struct


PRINTED: Final = (
    Printed(
        THERE,
        "*BGCR,OM,866266066379439,Q0,6023,E7:0F:B7:FD:A6:74,1,2,2#",
        m.SignIn(6023, "E7:0F:B7:FD:A6:74", "1", "2", m.Arm.UP),
    ),
    Printed(
        THERE,
        "*BGCR,OM,866266066379439,H0,1,6023,31,0,1,1,1,1#",
        m.Heartbeat(m.Locked.LOCKED, 6023, 31, 0, m.Arm.DOWN, "1", "1", 1),
    ),
    Printed(HERE, "*BGCS,OM,123456789123456,S5#", m.StatusRequest()),
    Printed(
        THERE,
        "*BGCR,OM,866266066379439,S5,6028,48,30,1,0,2,898604D5192291255340,CMIOT,E7:0F:B7:FD:A6:74,1#",
        m.Status(
            6028,
            48,
            30,
            m.Locked.LOCKED,
            0,
            m.Arm.UP,
            "898604D5192291255340",
            "CMIOT",
            "E7:0F:B7:FD:A6:74",
            1,
        ),
    ),
    Printed(
        HERE,
        "*BGCS,OM,123456789123456,R0,0,300,20,1700638984#",
        m.KeyRequest(m.Operation.UNLOCK, 300, 20, 1700638984),
    ),
    Printed(
        THERE,
        "*BGCR,OM,123456789123456,R0,0,55,1234,1700638984#",
        m.Key(m.Operation.UNLOCK, 55, 1234, 1700638984),
    ),
    Printed(HERE, "*BGCS,OM,123456789123456,L0,24,20,1497689816#", m.Unlock(24, 20, 1497689816)),
    Printed(
        THERE,
        "*BGCR,OM,123456789123456,L0,0,1234,1497689816#",
        m.UnlockResult(m.Result.OK, 1234, 1497689816),
    ),
    Printed(HERE, "*BGCS,OM,123456789123456,Re,L0#", m.Receipt("L0")),
    Printed(HERE, "*BGCS,OM,123456789123456,L1,55#", m.Lock(55)),
    Printed(
        THERE,
        "*BGCR,OM,123456789123456,L1,0,1234,1497689816,5#",
        m.LockResult(m.Result.OK, 1234, 1497689816, 5),
    ),
    Printed(HERE, "*BGCS,OM,123456789123456,Re,L1#", m.Receipt("L1")),
    Printed(HERE, "*BGCS,OM,123456789123456,G0#", m.VersionRequest()),
    Printed(
        THERE,
        "*BGCR,OM,123456789123456,G0,V1.0.0,May172017,SIM7670V01#",
        m.Version("V1.0.0", "May172017", "SIM7670V01"),
    ),
    Printed(THERE, "*BGCR,OM,123456789123456,W0,1#", m.Alarm(1)),
    Printed(HERE, "*BGCS,OM,123456789123456,Re,W0#", m.Receipt("W0")),
    Printed(
        HERE,
        "*BGCS,OM,123456789123456,S3,omniserver.ombike.com,9681#",
        m.SetServer("omniserver.ombike.com", 9681),
    ),
    Printed(
        HERE,
        "*BGCS,OM,123456789123456,U0,http://file/GEN4_V3_86_V1.0.0.2.bin,35212#",
        m.Upgrade("http://file/GEN4_V3_86_V1.0.0.2.bin", 35212),
    ),
    Printed(THERE, "*BGCR,OM,123456789123456,U0,220#", m.UpgradeReport(m.UpgradeCode(220))),
    Printed(HERE, "*BGCS,OM,123456789123456,S1#", m.Reboot()),
    Printed(HERE, "*BGCS,OM,123456789123456,S8#", m.Find()),
    Printed(HERE, "*BGCS,OM,123456789123456,S6,1#", m.SetAutoLock(1)),
    Printed(THERE, "*BGCR,OM,123456789123456,S6,1#", m.AutoLockReport(1)),
)

FROM_LOCK: Final = tuple(printed for printed in PRINTED if printed.side is THERE)
