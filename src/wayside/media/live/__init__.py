"""Live video: cameras publish over RTMP, people watch over HTTP, and commands start and stop it."""
