"""Generates the gRPC stubs of proto/ into a directory: `generate.py OUT`. Standard library only.

Used by setup.py (so that a wheel carries them and needs no protoc) and by CMake. They are not in
the repository: proto/ is the only contract. The stubs land beside the package's own modules as
hearth.job.v1.job_pb2 and so on, which is what protoc's imports expect.
"""
import shutil
import subprocess
import sys
from pathlib import Path

PROTO = Path(__file__).resolve().parent.parent / "proto"
FILES = ["hearth/artifact/v1/artifact.proto", "hearth/fleet/v1/fleet.proto",
         "hearth/job/v1/job.proto"]


def generate(out):
    plugin = shutil.which("grpc_python_plugin")
    if not shutil.which("protoc") or not plugin:
        sys.exit("hearth: needs protoc and grpc_python_plugin to build from source: "
                 "apt-get install protobuf-compiler protobuf-compiler-grpc")
    if not PROTO.is_dir():
        sys.exit(f"hearth: {PROTO} is missing: build inside the repository, or install a wheel")
    Path(out).mkdir(parents=True, exist_ok=True)
    subprocess.run(["protoc", f"--proto_path={PROTO}", f"--plugin=protoc-gen-grpc={plugin}",
                    f"--python_out={out}", f"--pyi_out={out}", f"--grpc_out={out}", *FILES],
                   check=True)
    for file in FILES:
        version = Path(out) / Path(file).parent
        for folder in (version, version.parent):
            (folder / "__init__.py").touch()


if __name__ == "__main__":
    generate(sys.argv[1])
