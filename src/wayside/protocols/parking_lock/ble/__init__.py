"""The same locks over BLE binary frames (document version 2.1.8, chapter 1)."""
