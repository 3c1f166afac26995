"""Try the whole way by hand, without a key: `make sandbox`."""

from __future__ import annotations

import sys
import time

from tests.provider_sandbox import Sandbox


def main() -> None:
    with Sandbox(port=9100, results_port=9101) as sandbox:
        sandbox.picwish.duration = lambda: 15.0
        lines = (
            "A provider for trying out is running. Start the app in another terminal:",
            "",
            f"  PICWISH_API_KEY={sandbox.picwish.key} \\",
            f"  PICWISH_BASE_URL={sandbox.base_url} \\",
            f"  PROVIDER_TRUSTED_HOSTS={sandbox.results_host} make run",
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
