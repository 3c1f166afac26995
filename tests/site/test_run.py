"""`manage.py run` as a real process, with real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import requests

from tests.servers import wait_until
from tests.site.running import ROOT, SECONDS_TO_STOP, Site

pytestmark = pytest.mark.processes

PASSWORD = "a bicycle in the rain"


def all_gone(processes: list[psutil.Process]) -> bool:
    return not any(
        process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        for process in processes
    )


def make_account(site: Site) -> requests.Session:
    browser = requests.Session()
    browser.get(site.link, timeout=30)
    form = {
        "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        "name": "Ada",
        "email": "ada@example.org",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    answer = browser.post(site.link, form, timeout=30, allow_redirects=False)
    assert answer.status_code == 302, answer.text
    return browser


def test_sigterm_stops_everything_in_time(site: Site) -> None:
    site.start()
    family = site.family()
    assert site.stop() == 0, site.output
    assert all_gone(family)
    assert "Stopped." in site.output


def test_ctrl_c_stops_everything_in_time(site: Site) -> None:
    site.start()
    family = site.family()
    assert site.process
    site.process.send_signal(signal.SIGINT)
    assert site.process.wait(SECONDS_TO_STOP) == 0, site.output
    assert all_gone(family)


def test_killed_and_started_again_nothing_is_lost(site: Site) -> None:
    site.start()
    browser = make_account(site)
    family = site.family()
    site.kill()
    site.start()
    assert all_gone(family), "the last ones are gone before new ones start"
    albums = browser.get(site.address, timeout=30, allow_redirects=False)
    assert albums.status_code == 200
    assert "/welcome/" not in site.output, "there is an account"
    assert "Preparing" not in site.output, "nothing changed since the first start"


@pytest.mark.parametrize("word", ["gunicorn", "worker"])
def test_killed_child_is_started_again(site: Site, word: str) -> None:
    site.start()
    (old,) = site.pids(word)
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: site.pids(word) not in ([], [old]), "no new one")
    wait_until(site.answers, "the web server does not answer")


def test_link_is_new_until_somebody_used_it(site: Site) -> None:
    site.start()
    first = site.link
    site.stop()
    site.start()
    assert site.link != first
    assert requests.get(first, timeout=30).status_code == 404
    assert requests.get(site.link, timeout=30).status_code == 200


def test_links_stay_out_of_the_log(site: Site) -> None:
    site.start()
    token = site.link.rstrip("/").rsplit("/", 1)[1]
    make_account(site)
    assert requests.get(site.link, timeout=30).status_code == 404
    assert site.output.count(token) == 1, "once, when it was announced"


def test_port_in_use_is_said_in_a_sentence(site: Site, tmp_path: Path) -> None:
    site.start()
    other = Site(tmp_path / "other")
    other.folder.mkdir()
    other.port = site.port
    assert other.start_without_waiting().wait() == 1
    assert f"PORT {site.port} is in use" in other.output
    assert "Traceback" not in other.output


def test_two_on_the_same_data_are_refused(site: Site, tmp_path: Path) -> None:
    site.start()
    second = Site(tmp_path)
    second.log = tmp_path / "second"
    assert second.start_without_waiting().wait() == 1
    assert "It runs already" in second.output


def test_it_ends_with_its_parent_when_told_so(site: Site) -> None:
    """make killed the hard way must not leave a server behind."""
    script = f"{sys.executable} manage.py run --stop-with-parent & echo $!; wait"
    clean = {"PATH": os.environ["PATH"], "PORT": str(site.port)}
    shell = subprocess.Popen(
        ["/bin/sh", "-c", script],
        cwd=ROOT,
        env=clean | {"DATA_DIR": str(site.folder / "data")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert shell.stdout
    command = psutil.Process(int(shell.stdout.readline()))
    site.process = shell
    wait_until(site.answers, "the web server does not answer")
    family = [command, *command.children(recursive=True)]
    shell.kill()
    shell.wait()
    wait_until(lambda: all_gone(family), "they live on")
    shell.stdout.close()
