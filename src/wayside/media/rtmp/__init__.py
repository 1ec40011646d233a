"""RTMP as far as a camera needs it to publish: bytes in, bytes and events out.  No socket, no clock, no dice."""
