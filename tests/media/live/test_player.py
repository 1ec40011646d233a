"""The page that plays a stream, in a real browser."""

import hashlib
from importlib.resources import files
from pathlib import Path

from tests.media.live.browser import BROWSER, Page, page
from tests.media.live.serving import DEVICE, IMEI, Served, needs, serving

PLAYER = files("wayside.media") / "player"


def test_the_library_is_the_published_one() -> None:
    """``dist/mpegts.js`` of mpegts.js 1.8.2, by its digest."""
    digest = hashlib.sha256((PLAYER / "mpegts.js").read_bytes()).hexdigest()
    assert digest == "bda31748736a69cb610c2edf4623e633f1f4f47b5bda83668c8d287e51b0c3a8"


def test_the_page_loads_nothing_from_elsewhere() -> None:
    assert "http" not in (PLAYER / "player.html").read_text()
    assert "url(" not in (PLAYER / "player.css").read_text()


async def view_address(served: Served) -> str:
    answer = await served.http.post(f"/api/v1/devices/{DEVICE}/streams/0/view-token", json={})
    assert answer.status_code == 201
    return f"{served.url}{answer.json()['page']}"


async def advances(tab: Page) -> None:
    """Pictures are decoded, and time goes on."""
    await tab.until("video.readyState >= 3 && video.videoWidth === 160")
    before = await tab.evaluate("video.currentTime")
    await tab.until(f"video.currentTime > {before} + 1")
    frames = await tab.evaluate("video.getVideoPlaybackQuality().totalVideoFrames")
    await tab.until(f"video.getVideoPlaybackQuality().totalVideoFrames > {frames} + 10")


@needs("ffmpeg", BROWSER)
async def test_frames_advance_and_a_camera_that_comes_back_is_seen_again(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as served:
        await served.register()
        async with page(tmp_path / "browser") as tab:
            async with served.camera():
                await served.live()
                await tab.call("Page.navigate", url=await view_address(served))
                await tab.until("typeof video === 'object' && video !== null")
                await advances(tab)
                assert await tab.evaluate("state.textContent") == "Live"
                assert IMEI in await tab.evaluate("document.getElementById('title').textContent")
                await tab.picture(tmp_path / "player.png")
            # Another camera process, another clock: the same page goes on.
            async with served.camera():
                await advances(tab)
            # It is the same viewer, and neither its policy nor its scripts had anything to complain about.
            assert await served.metric("wayside_live_watched_total") == 1
        assert [said for said in tab.said if "favicon" not in said] == []


@needs("ffmpeg", BROWSER)
async def test_without_a_token_it_asks_for_one(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as served:
        await served.register()
        async with page(tmp_path / "browser") as tab, served.camera():
            await tab.call("Page.navigate", url=f"{served.url}/watch/0/{IMEI}")
            await tab.until("typeof ask === 'object' && ask.hidden === false")
            await tab.evaluate("document.getElementById('token').value = 'wst_wrong'; ask.requestSubmit()")
            await tab.until("state.textContent.includes('not valid')")
            token = served.server.first_token
            await tab.evaluate(f"document.getElementById('token').value = '{token}'; ask.requestSubmit()")
            await advances(tab)
