"""Codes and their names: upload modes (5.3.1, 5.9), alarms (5.4.1), card statuses and fuel units (5.12.3)."""

from __future__ import annotations

from typing import Final

# 0x22 has the first eleven of these, 0x37 all of them; no number differs between the two.
REPORT_REASONS: Final = {
    0x00: "interval",
    0x01: "distance",
    0x02: "corner",
    0x03: "ignition",
    0x04: "static",
    0x05: "reconnected",
    0x06: "ephemeris",
    0x07: "button",
    0x08: "power_on",
    0x09: "power_on_cell",
    0x0A: "static_updated",
    0x0B: "wifi",
    0x0C: "requested",
    0x0D: "static_last",
    0x0E: "fixed_time",
    0x0F: "tracking_ended",
    0x10: "door_opened",
    0x11: "door_closed",
    0x12: "removed",
    0x13: "installed",
    0x14: "fence_entered",
    0x15: "fence_left",
    0x16: "environment_abnormal",
    0x17: "ship_mode",
    0x18: "land_mode",
    0x19: "static_mode",
    0x1A: "battery_low",
    0x1B: "event",
}

FILE_UPLOADING: Final = 0x69
"""Says which file is being uploaded; the document is explicit that it is no alarm."""

ALARMS: Final = {
    0x01: "sos",
    0x0E: "external_battery_low",
    0x47: "fatigue_driving",
    0x50: "door_closed",
    0x51: "door_opened",
    0x53: "fuel_stolen",
    FILE_UPLOADING: "file_uploading",
    0x6B: "dms_camera_fault",
    0x6C: "voice_file_downloaded",
    0x6D: "voice_file_download_failed",
    0x6F: "sd_card_fault",
    0x70: "sd_card_mounted",
    0x73: "fuel_data_timeout",
    0x76: "temperature_data_timeout",
    0x80: "vibration",
    0x83: "seat_belt_plugged_seen",
    0x84: "seat_belt_unplugged_seen",
    0x86: "sd_card_unmounted",
    0x87: "overspeed",
    0x88: "power_removed",
    0x8A: "fuel_or_power_connected",
    0x8B: "fuel_or_power_disconnected",
    0x8C: "dms_eyes_closed",
    0x8F: "dms_distraction",
    0x90: "harsh_acceleration",
    0x91: "harsh_deceleration",
    0x92: "harsh_turning",
    0x93: "crash",
    0x94: "dms_face_missing",
    0x97: "dms_phone_call",
    0x9A: "dms_smoking",
    0x9E: "network_status_changed",
    0x9F: "illegal_driver",
    0xA0: "dms_yawn",
    0xA1: "dms_camera_covered",
    0xA2: "dms_calibration_failed",
    0xA3: "dms_looking_down",
    0xA4: "sd_card_too_small",
    0xA5: "rfid_read",
    0xA6: "seat_belt_plugged",
    0xA7: "seat_belt_unplugged",
    0xCC: "adas_forward_collision",
    0xCD: "adas_lane_departure",
    0xCE: "adas_headway",
    0xD4: "driver_identified",
    0xD5: "driver_not_identified",
}

CARD_STATUSES: Final = {0: "logout", 1: "login", 2: "illegal"}

FUEL_UNITS: Final = {1: "cm", 2: "%", 3: "V", 4: "L"}

FUEL_SCALES: Final = {0: 10, 1: 100}
"""By the type of the sensor: ultrasonic, capacitive."""
