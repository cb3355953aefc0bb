"""Takes the pictures of the README and the documentation: plays an incident in the sandbox, captures the pages.

python -m sandbox.pictures          # writes docs/pictures/*.png; needs chromium, an emoji font and the `dev` extra
"""

from __future__ import annotations

import asyncio
import io
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.bot_process import BotProcess, demo_bot
from sandbox.demo_alerts import BY_NAME, DemoAlerts
from sandbox.model import Channel, Message
from sandbox.server import Server
from sandbox.settings import Settings
from sandbox.workspace import Workspace

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "docs" / "pictures"
FLAGS = ["--no-sandbox", "--headless", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
TIMEOUT_S = 180.0  # a busy machine takes its time
CARDS = 2  # of alerts that are shown
SETTLE_MS = 600  # until fonts are loaded and the bot's last answers are drawn
COLOURS = 256  # of a picture: text stays sharp, and a file small
WIDE, PHONE = (1280, 860), (390, 844)


async def main() -> int:
    """Start everything, play the incident, stop everything. Returns the exit code."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.stderr.write("Pictures need a browser: apt-get install chromium\n")
        return 1
    if not has_emoji_font():
        sys.stderr.write("Pictures need a font with emoji: apt-get install fonts-noto-color-emoji\n")
        return 1
    from playwright.async_api import async_playwright  # noqa: PLC0415 - only developers have it

    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tocsin-pictures-") as folder:
        port = free_port()
        console = f"http://127.0.0.1:{port}/login/slack"
        settings = Settings(
            port=0, manifest=HERE.parent / "manifest.yml", team_name="Example Shop", console=console,
            redirect_urls=(f"{console}/callback",),
        )  # fmt: skip
        server = Server(Workspace(settings))
        url = await server.start()
        policy = HERE / "demo.policy.yml"
        bot = demo_bot(settings, f"{url}/api/", Path(folder), policy=policy, speed=1.0, port=port)
        try:
            await bot.start()
            await server.ws.until(lambda: server.ws.sockets.connections, TIMEOUT_S)
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
                await play(server.ws, browser)
                await show_playbook(server.ws, browser)
                await show_alerts(server.ws, browser, bot)
                await show_communications(server.ws, browser)
                await show_status_page(server.ws, browser, bot)
                await show_console(server.ws, browser, bot)
                await show_review(server.ws, browser)
                await show_figures(server.ws, browser)
                await browser.close()
        finally:
            await bot.stop()
            await server.stop()
    return 0


def has_emoji_font() -> bool:
    """Whether fontconfig knows a font that draws emoji in colour; without one they are empty boxes."""
    if shutil.which("fc-list") is None:
        return False
    command = [shutil.which("fc-list") or "", ":color=true:lang=und-zsye", "family"]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - all of it is ours
    return bool(completed.stdout.strip())


async def play(ws: Workspace, browser: Browser) -> None:
    """Play an incident from the first report to the status update, with a screenshot of each scene."""
    maya, noor, lena = ws.person("maya"), ws.person("noor"), ws.person("lena")
    await noor.say("#general", "Customers tell us that checkout shows an error. Does anyone else see it?")
    report = await lena.say("#general", "Yes: `checkout-api` answers 502 in *eu-west*, about one in three.")
    await noor.react(report, "eyes")
    tab = await open_tab(browser, ws, "maya", "general")
    await tab.locator("#main").get_by_label("Shortcuts").click()
    await tab.get_by_role("menuitem", name="Declare incident").click()
    modal = tab.locator("dialog.view")
    await modal.get_by_label("Title", exact=True).fill("Checkout is down in eu-west")
    await pick(tab, "Severity", "sev2")
    await modal.get_by_label("What is happening?").fill("One in three payments fails with a 502.")
    await pick(tab, "Affected services", "Checkout")
    await tab.keyboard.press("Escape")
    await capture(tab, "declare.png")
    await modal.get_by_role("button", name="Declare", exact=True).click()
    channel, card = await wait_for_card(ws)
    paged = await ws.until(lambda: [id_ for id_ in channel.members if id_ not in (ws.bot.id, maya.id)], TIMEOUT_S)
    oncall = ws.person(paged[0])
    await oncall.press(card, "Acknowledge")
    await ws.until(lambda: oncall.id in str(card.blocks), TIMEOUT_S)
    await maya.invite(channel.id, "noor")
    await maya.press(card, "Assign roles")
    await ws.until(maya.open_views, TIMEOUT_S)
    await maya.fill(maya.view, {"Incident commander": "maya", "Technical lead": oncall.user.name, "Scribe": "noor"})
    await maya.submit()
    await oncall.say(channel.id, "Deploy 4512 went out right before the errors began. I suggest we roll it back.")
    agreed = await maya.say(channel.id, "Agreed, please do. @noor, could you tell support that we are on it?")
    await noor.react(agreed, "white_check_mark")
    await maya.command(channel.id, "/incident update Rolling back deploy 4512; the error rate is falling.")
    await ws.until(lambda: "Update #1" in str(card.blocks), TIMEOUT_S)
    await ws.settled()
    await tab.locator("#sidebar a", has_text="inc-1").click()
    await tab.set_viewport_size({"width": 1280, "height": 1080})
    await tab.locator("#main .message.pinned").evaluate("card => card.scrollIntoView({block: 'start'})")
    await tab.evaluate("document.activeElement.blur()")
    await capture(tab, "incident.png")
    telephone = await open_tab(browser, ws, oncall.user.name, channel.name, width=390, height=844, dark=True)
    await capture(telephone, "telephone.png")


async def show_playbook(ws: Workspace, browser: Browser) -> None:
    """A playbook in the incident's channel, with a step done."""
    channel, _ = await wait_for_card(ws)
    maya = ws.person("maya")
    await maya.command(channel.id, "/incident playbook high-latency")

    def run() -> Message | None:
        posted = [(posted_message, str(posted_message.blocks)) for posted_message in ws.bot_messages(channel.id)]
        return next((candidate for candidate, blocks in posted if "Done" in blocks and "Skip" in blocks), None)

    message: Message = await ws.until(run, TIMEOUT_S)
    await maya.press(message, "Done")
    await ws.settled()
    tab = await open_tab(browser, ws, "noor", channel.name, height=900)
    message_on_page = tab.locator(f'#main .message[data-ts="{message.ts}"]')
    await message_on_page.evaluate("node => node.scrollIntoView({block: 'start'})")
    await capture(tab, "playbook.png")


async def show_alerts(ws: Workspace, browser: Browser, bot: BotProcess) -> None:
    """Cards of alerts that ask what to do."""
    alerts = DemoAlerts(f"http://127.0.0.1:{bot.env['PORT']}", bot.env["TOCSIN_HOOK_TOKEN"])
    for name in ("no-data", "payments"):
        await alerts.fire(BY_NAME[name])
    await ws.until(lambda: sum("AG-" in message.text for message in ws.bot_messages("incidents")) == CARDS, TIMEOUT_S)
    tab = await open_tab(browser, ws, "noor", "incidents", height=900)
    await capture(tab, "alerts.png")


async def show_communications(ws: Workspace, browser: Browser) -> None:
    """The form that tells customers, with the recipients and what the lint finds."""
    channel, _ = await wait_for_card(ws)
    maya = ws.person("maya")
    for view in maya.open_views():
        await maya.close(view)
    tab = await open_tab(browser, ws, "maya", channel.name, height=1000)
    await type_command(tab, "/incident comms customers")
    await tab.locator("dialog.view", has_text="Goes to").wait_for()
    await capture(tab, "communications.png")
    await tab.keyboard.press("Escape")


async def show_status_page(ws: Workspace, browser: Browser, bot: BotProcess) -> None:
    """The page that customers see while an incident lasts, on a screen and on a phone."""
    channel, _ = await wait_for_card(ws)
    maya = ws.person("maya")
    for view in maya.open_views():
        await maya.close(view)
    await maya.command(channel.name, "/incident comms status_page")
    await ws.until(maya.open_views, TIMEOUT_S)
    await maya.fill(maya.view, PUBLISHED)
    answer = await maya.submit()
    if answer.view is not None or maya.open_views():  # what the lint found is shown, and Publish asked for once more
        await maya.submit()
    await ws.settled()
    for name, (width, height) in (("status-page.png", WIDE), ("status-page-phone.png", PHONE)):
        context = await browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=1.5)
        context.set_default_timeout(TIMEOUT_S * 1000)
        tab = await context.new_page()
        await tab.goto(f"http://127.0.0.1:{bot.env['PORT']}/status")
        await tab.get_by_text("Checkout fails for some").first.wait_for()
        await capture(tab, name)


async def show_console(ws: Workspace, browser: Browser, bot: BotProcess) -> None:
    """The incident in the console, signed in as Maya."""
    served = f"http://127.0.0.1:{bot.env['PORT']}"
    context = await browser.new_context(viewport={"width": 1280, "height": 1000}, device_scale_factor=1.5)
    context.set_default_timeout(TIMEOUT_S * 1000)
    tab = await context.new_page()
    await tab.goto(f"{ws.url}/openid/as/{ws.person('maya').id}?then={served}/login/slack")
    await tab.goto(f"{served}/incidents/INC-1")
    await tab.locator("h1").wait_for()
    await capture(tab, "console.png")


async def show_review(ws: Workspace, browser: Browser) -> None:
    """The review of the incident, drafted from the record, and its action items."""
    channel, _ = await wait_for_card(ws)
    maya = ws.person("maya")
    await maya.command(channel.name, "/incident resolve Rolled back deploy 4512")
    await ws.until(lambda: review_of(ws, channel), TIMEOUT_S)
    for line in ACTIONS:
        await maya.command(channel.name, f"/incident action {line}")
    await ws.settled()
    tab = await open_tab(browser, ws, "maya", channel.name, height=700)
    await type_command(tab, "/incident actions")
    await scroll_to(tab, "Action items of")
    await capture(tab, "actions.png")
    await tab.set_viewport_size({"width": 1280, "height": 860})
    await type_command(tab, "/incident review")
    await scroll_to(tab, "Open questions")
    await capture(tab, "review.png")


async def scroll_to(tab: Page, text: str) -> None:
    """Wait for a message with exactly these words, and show it from its beginning."""
    message = tab.locator("#main .message", has_text=re.compile(re.escape(text))).last
    await message.wait_for()
    await message.evaluate("node => node.scrollIntoView({block: 'start'})")


async def show_figures(ws: Workspace, browser: Browser) -> None:
    """How many incidents there were, and how long they took."""
    tab = await open_tab(browser, ws, "maya", "incidents", height=1000)
    await type_command(tab, "/incident metrics")
    await scroll_to(tab, "Time from the detection")
    await capture(tab, "figures.png")


PUBLISHED = {
    "Title": "Checkout fails for some customers", "Impact": "One in three payments in Europe fails.",
    "Status": "Identified", "Affected components": ["Shop", "Payments"], "How these components are": "Partial outage",
    "Message": "We have found the cause and are undoing a change. Next update at 15:00 UTC.",
}  # fmt: skip
ACTIONS = (
    "Add a canary stage for checkout @lena by friday P1",
    "Alert on the share of failed payments @noor by next monday P2",
)


def review_of(ws: Workspace, channel: Channel) -> bool:
    """Whether the review's message is in the channel."""
    return any("Drafted from the record" in str(message.blocks) for message in ws.bot_messages(channel.id))


async def type_command(tab: Page, line: str) -> None:
    """Type a command in the composer, and send it."""
    composer = tab.locator("#main textarea.write")
    await composer.fill(line)
    await composer.press("Enter")


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def wait_for_card(ws: Workspace) -> tuple[Channel, Message]:
    """Wait for the incident's channel and its card."""

    def both() -> tuple[Channel, Message] | None:
        channel = ws.find_channel("inc-1")
        pinned = ws.pinned(channel.id) if channel else []
        return (channel, pinned[0]) if channel and pinned else None

    channel_and_card: tuple[Channel, Message] = await ws.until(both, TIMEOUT_S)
    return channel_and_card


async def open_tab(
    browser: Browser,
    ws: Workspace,
    user: str,
    channel: str,
    *,
    width: int = 1280,
    height: int = 860,
    dark: bool = False,
) -> Page:
    """Open a tab as one person."""
    context = await browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=1.5, color_scheme="dark" if dark else "light"
    )
    context.set_default_timeout(TIMEOUT_S * 1000)
    tab = await context.new_page()
    await tab.goto(f"{ws.url}/?as={user}&in={channel}")
    await tab.locator("#main h1").wait_for()
    return tab


async def pick(tab: Page, label: str, option: str) -> None:
    """Choose in a select of the open modal."""
    await tab.locator("dialog").get_by_role("combobox", name=label).click()
    await tab.get_by_role("option", name=option).first.click()


async def capture(tab: Page, name: str) -> None:
    """Write one screenshot."""
    await tab.mouse.move(0, 0)
    await tab.wait_for_timeout(SETTLE_MS)
    from PIL import Image  # noqa: PLC0415 - only developers have it

    with Image.open(io.BytesIO(await tab.screenshot())) as picture:
        # The default, median cut, makes rare colours those of their neighbours: the orange circle of sev2 turned red.
        few = picture.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
        few.save(OUT / name, optimize=True)
    sys.stdout.write(f"{OUT / name}\n")


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
