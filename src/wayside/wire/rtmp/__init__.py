"""What both ends of RTMP share: the chunk stream, and AMF0 (Adobe, RTMP 1.0 and AMF 0)."""
