"""Try the whole way by hand, without a key: `make sandbox`."""

from __future__ import annotations

import sys
import time

from tests.provider_sandbox import Sandbox

PORTS = {
    "picwish": 9100,
    "results": 9101,
    "storage": 9102,
    "autoenhance": 9103,
    "upscayl": 9104,
    "claid": 9105,
}


def main() -> None:
    with Sandbox(ports=PORTS) as sandbox:
        for vendor in sandbox.vendors.values():
            vendor.duration = lambda: 15.0
        settings = [
            f"  {name}={value} \\" for name, value in sandbox.environment().items()
        ]
        lines = (
            "Providers for trying out are running. Start the app in another terminal:",
            "",
            *settings,
            "  make run",
            "",
            "Tasks take 15 seconds and cost nothing. Ctrl-C ends it.",
            "",
        )
        sys.stdout.write("\n".join(lines))
        sys.stdout.flush()
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
