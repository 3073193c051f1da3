"""A pod of the chart laid out on this machine: its volumes as the kubelet writes them, its variables.

For a program that runs outside a container, a path of the pod (`/secrets`) becomes one below a folder,
and the texts of the files are rewritten accordingly, in nothing else.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme

from tests.helm.chart import Object, Rendered, container

REPOSITORY = Path(__file__).parents[2]
_PATHS = re.compile(r"(?<![\w.-])/(?=(?:secrets|ca|opt/yespo-bridge|var/cache/yespo-bridge)/?)")


@dataclass
class Pod:
    """`root` holds the pod's volumes; `prefix` stands before every path that the program is told."""

    root: Path
    prefix: str
    spec: Object
    container: Object
    objects: Mapping[str, Mapping[str, str]]
    generation: int = 0

    @property
    def arguments(self) -> list[str]:
        return [str(argument) for argument in self.container["args"]]

    @property
    def environment(self) -> dict[str, str]:
        found = {}
        for variable in self.container["env"]:
            value = variable.get("value", "made-up")
            name = variable["name"]
            found[name] = self.prefix + value if name == "YESPO_BRIDGE_CONFIG" else value
        return found

    @property
    def mounts(self) -> dict[str, tuple[Path, bool]]:
        """For a container: path in it -> (folder here, writable)."""
        return {
            mount["mountPath"]: (
                self.root / mount["mountPath"].lstrip("/"),
                not mount.get("readOnly", False),
            )
            for mount in self.container["volumeMounts"]
        }

    def project(self, objects: Mapping[str, Mapping[str, str]]) -> None:
        """Write the projected volume as the kubelet does: a new folder, and one link that moves."""
        (volume,) = [v["projected"] for v in self.spec["volumes"] if v["name"] == "config"]
        folder = self.root / "etc/yespo-bridge"
        folder.mkdir(parents=True, exist_ok=True)
        self.generation += 1
        data = folder / f"..{self.generation}"
        for source in volume["sources"]:
            for item in source["configMap"]["items"]:
                file = data / item["path"]
                file.parent.mkdir(parents=True, exist_ok=True)
                text = objects[source["configMap"]["name"]][item["key"]]
                file.write_text(self._placed(text), newline="")
        swap = folder / "..data_tmp"
        swap.symlink_to(data.name)
        swap.replace(folder / "..data")
        for name in {path.name for path in data.iterdir()}:
            link = folder / name
            if not link.is_symlink():
                link.symlink_to(f"..data/{name}")

    def _placed(self, text: str) -> str:
        return _PATHS.sub(f"{self.prefix}/", text)


def lay_out(
    rendered: Rendered,
    pod: Object,
    name: str,
    folder: Path,
    secrets: Mapping[str, Mapping[str, str]] | None = None,
    config_maps: Mapping[str, Mapping[str, str]] | None = None,
    *,
    contained: bool = False,
) -> Pod:
    """The pod in `folder`. Secrets that are not given get made-up values. `contained`: the program
    will see the folder's parts where the pod has them."""
    objects = {o["metadata"]["name"]: o["data"] for o in rendered.all("ConfigMap")}
    made = Pod(
        folder,
        "" if contained else str(folder),
        pod,
        container(pod, name),
        objects | dict(config_maps or {}),
    )
    (folder / "opt").mkdir(parents=True)
    (folder / "opt/yespo-bridge").symlink_to(REPOSITORY)
    cache = folder / "var/cache/yespo-bridge"
    cache.mkdir(parents=True)
    cache.chmod(0o777)  # an `emptyDir` is anybody's
    mounts = {m["name"]: m["mountPath"] for m in made.container["volumeMounts"]}
    for volume in pod["volumes"]:
        if "secret" in volume:
            held = dict(secrets or {}).get(volume["secret"]["secretName"], _MADE_UP)
            _write(folder / mounts[volume["name"]].lstrip("/"), held)
        elif volume["name"] == "ca":
            _write(folder / "ca", _MADE_UP)
    made.project(made.objects)
    return made


def _write(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def _certificates() -> dict[str, str]:
    authority = trustme.CA()
    own = authority.issue_cert("bridge.shop")
    return {
        "tls.crt": own.cert_chain_pems[0].bytes().decode(),
        "tls.key": own.private_key_pem.bytes().decode(),
        **dict.fromkeys(("ca.crt", "bundle.pem"), authority.cert_pem.bytes().decode()),
    }


_MADE_UP: Mapping[str, Any] = {
    **_certificates(),
    **dict.fromkeys(("api-key", "username", "password"), "made-up"),
}
