"""Snakemake's report, read as a file and in a real browser."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
NEEDED = "needs Chromium: apt-get install chromium"


def captions(report: Path) -> dict[str, str]:
    """The caption of each file in a report, as HTML."""
    found = re.search(r"^ *var results = (\{.*\});$", report.read_text(), re.MULTILINE)
    return {path: entry["caption"] for path, entry in json.loads(found[1]).items()}


def read(report: Path, views: dict[str, list[str]]) -> dict:
    """What is seen after the clicks that lead to each view, without any network (reader.js)."""
    page = report.with_suffix(".read.html")
    script = Path(__file__).with_name("reader.js").read_text()
    page.write_text(f"{report.read_text()}<script>{script}read({json.dumps(views)});</script>")
    done = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={report.parent / 'browser'}",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--window-size=1400,1000",
            "--virtual-time-budget=60000",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    seen = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout, re.DOTALL)
    assert seen, done.stderr
    return json.loads(html.unescape(seen[1]))
