"""DynamoDB Local on a free port of the loopback interface, until standard input ends.

Run by the Python of its own environment: ``python dynamodb_local.py <folder>``. The program itself
listens on all interfaces and has no option for it, so it is started in this process.
"""

import os
import sys
from pathlib import Path

import jpype


def main() -> None:
    """Start the server, print its version and port, and wait."""
    folder = Path(sys.argv[1])
    libraries = folder / "DynamoDBLocal_lib"
    jpype.startJVM(
        f"-Djava.library.path={libraries}",
        # What it logs of its configuration would be read as the port.
        "-Dlog4j2.level=OFF",
        classpath=[str(folder / "DynamoDBLocal.jar"), str(libraries / "*")],
    )
    package = "com.amazonaws.services.dynamodbv2.local"
    runner = jpype.JClass(f"{package}.main.ServerRunner")
    server = runner.createServerFromCommandLineArgs(
        ["-inMemory", "-sharedDb", "-disableTelemetry", "-port", "8000"]
    )
    field = jpype.JClass(f"{package}.server.DynamoDBProxyServer").class_.getDeclaredField("server")
    field.setAccessible(True)
    (connector,) = field.get(server).getConnectors()
    connector.setHost("127.0.0.1")
    connector.setPort(0)
    server.start()
    print(f"port {connector.getLocalPort()}", flush=True)
    sys.stdin.read()
    # Its threads do not end with the server, and would keep the process.
    os._exit(0)


if __name__ == "__main__":
    main()
