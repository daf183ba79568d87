"""Hand-off formats read by the very programs that they are for, installed once into a folder that is kept.

What cannot be installed here (no package index, no Node.js, no Maven) is skipped with that reason.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import venv
from pathlib import Path

import pytest
from azure.batch import BatchClient
from azure.core.credentials import AzureNamedKeyCredential

pytestmark = pytest.mark.slow

KEPT = Path(os.environ.get("BENCH_CACHE") or Path.home() / ".cache" / "batchmgmt-bench")  # benchmarks/handoff.py's too
CLIENTS = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")  # an installer must not meet batchlocal's CA


@pytest.fixture(scope="session")
def endpoint(account):
    return account.endpoint(details=True)


def run(*command: object, cwd: Path | None = None, **variables: str) -> str:
    done = subprocess.run(
        [*map(str, command)],
        env={**os.environ, **variables},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def install(folder: Path, *command: object) -> None:
    """Run an installer in a folder that is kept; skip the test where it has nothing to install from."""
    environment = {name: value for name, value in os.environ.items() if name not in CLIENTS}
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [*map(str, command)], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"{command[0]} could not install what reads the format: no package index?")


def python_with(package: str, *further: str) -> Path:
    """A Python of its own that has the packages, in a folder named after the first."""
    home = KEPT / package
    python = home / "bin" / "python"
    if not (home / "installed").exists():
        venv.create(home, with_pip=True)
        install(home, python, "-m", "pip", "install", "-q", package, *further)
        (home / "installed").touch()
    return python


def needs(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"there is no {program} on PATH")


def test_az_reads_its_configuration_file(endpoint, tmp_path):
    az = python_with("azure-cli==2.91.0").with_name("az")
    (tmp_path / "config").write_text(endpoint.export("az"))
    settings = {"AZURE_CONFIG_DIR": str(tmp_path), "AZURE_CORE_COLLECT_TELEMETRY": "false"}
    assert isinstance(json.loads(run(az, "batch", "pool", "list", **settings)), list)


def test_az_reads_the_variables_of_shell_and_dotenv(endpoint, tmp_path):
    az = python_with("azure-cli==2.91.0").with_name("az")
    settings = {"AZURE_CONFIG_DIR": str(tmp_path), "AZURE_CORE_COLLECT_TELEMETRY": "false"}
    script = f'eval "$HANDOFF"; {az} batch pool list'
    assert isinstance(json.loads(run("sh", "-c", script, HANDOFF=endpoint.export("shell"), **settings)), list)


JAVASCRIPT = """
import { BatchServiceClient, BatchSharedKeyCredentials } from "@azure/batch";
import { account, key, url } from "./handoff.mjs";
const client = new BatchServiceClient(new BatchSharedKeyCredentials(account, key), url);
console.log("pools:", (await client.pool.list()).length);
"""


def test_azure_batch_for_javascript_takes_the_module(endpoint, tmp_path):
    needs("node", "npm")
    home = KEPT / "node"
    if not (home / "node_modules" / "@azure" / "batch").exists():
        install(home, "npm", "install", "--silent", "--prefix", home, "@azure/batch@10.2.0")
    (tmp_path / "node_modules").symlink_to(home / "node_modules")
    (tmp_path / "handoff.mjs").write_text(endpoint.export("javascript"))
    (tmp_path / "list.mjs").write_text(JAVASCRIPT)
    assert run("node", "list.mjs", cwd=tmp_path).startswith("pools: ")


POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>com.microsoft.azure</groupId><artifactId>azure-batch</artifactId><version>11.2.0</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
"""
JAVA = """
import com.microsoft.azure.batch.BatchClient;
import com.microsoft.azure.batch.auth.BatchSharedKeyCredentials;
import java.io.FileReader;
import java.util.Properties;

public class List {
    public static void main(String[] arguments) throws Exception {
        Properties handoff = new Properties();
        handoff.load(new FileReader(arguments[0]));
        BatchClient client = BatchClient.open(new BatchSharedKeyCredentials(
            handoff.getProperty("batch.url"), handoff.getProperty("batch.account"), handoff.getProperty("batch.key")));
        System.out.println("pools: " + client.poolOperations().listPools().size());
        System.exit(0);
    }
}
"""


def test_azure_batch_for_java_takes_the_properties(endpoint, batchlocal, tmp_path):
    needs("java", "javac", "mvn", "keytool")
    home = KEPT / "java"
    if not (home / "lib").exists():
        home.mkdir(parents=True, exist_ok=True)
        (home / "pom.xml").write_text(POM)
        copy = ("dependency:copy-dependencies", f"-DoutputDirectory={home}/lib", "-DincludeScope=runtime")
        install(home, "mvn", "-q", "-B", *copy)
    trusted, secret = tmp_path / "trusted.p12", "changeit"
    imported = ("-importcert", "-noprompt", "-alias", "local", "-file", batchlocal.settings["caFile"])
    run("keytool", *imported, "-keystore", trusted, "-storepass", secret)
    (tmp_path / "handoff.properties").write_text(endpoint.export("java"))
    (tmp_path / "List.java").write_text(JAVA)
    run("javac", "-cp", f"{home}/lib/*", "List.java", cwd=tmp_path)
    trust = (f"-Djavax.net.ssl.trustStore={trusted}", f"-Djavax.net.ssl.trustStorePassword={secret}")
    opened = "--add-opens=java.base/java.util=ALL-UNNAMED"  # what the package itself needs since Java 17
    printed = run("java", opened, *trust, "-cp", f"{home}/lib/*:.", "List", "handoff.properties", cwd=tmp_path)
    assert printed.startswith("pools: ")


NEXTFLOW_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>io.nextflow</groupId><artifactId>nextflow</artifactId><version>24.10.0</version></dependency>
  </dependencies>
</project>
"""
NEXTFLOW = """
import groovy.json.JsonOutput;
import java.nio.file.Path;

public class Read {
    public static void main(String[] arguments) {
        System.out.println(JsonOutput.toJson(new nextflow.config.ConfigParser().parse(Path.of(arguments[0]))));
    }
}
"""


def test_nextflows_parser_reads_the_configuration(endpoint, tmp_path):
    """Its azure plugin is in no package index; the parser is, and what it read lists pools."""
    needs("java", "javac", "mvn")
    home = KEPT / "nextflow"
    if not (home / "lib").exists():
        home.mkdir(parents=True, exist_ok=True)
        (home / "pom.xml").write_text(NEXTFLOW_POM)
        install(home, "mvn", "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={home}/lib")
    (tmp_path / "nextflow.config").write_text(endpoint.export("nextflow"))
    (tmp_path / "Read.java").write_text(NEXTFLOW)
    run("javac", "-cp", f"{home}/lib/*", "Read.java", cwd=tmp_path)
    read = json.loads(run("java", "-cp", f"{home}/lib/*:.", "Read", "nextflow.config", cwd=tmp_path).splitlines()[-1])
    assert read["process"]["executor"] == "azurebatch"
    assert read["azure"]["storage"]["accountName"] == endpoint.storage.account
    batch = read["azure"]["batch"]
    assert batch["location"] == endpoint.location
    list_pools(batch["accountName"], batch["endpoint"], batch["accountKey"])


SNAKEMAKE = """
import os, sys
from azure.identity import ClientSecretCredential
import snakemake_executor_plugin_azure_batch as plugin
from snakemake.cli import parse_args
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

ExecutorPluginRegistry().collect_plugins()
_, arguments = parse_args(["--profile", sys.argv[1]])
assert arguments.executor == "azure-batch", arguments.executor
executor = object.__new__(plugin.Executor)
executor.settings = ExecutorPluginRegistry().get_plugin("azure-batch").get_settings(arguments)
# the plugin has no setting for another cloud's authority: the credential is put in its place
plugin.CustomAzureCredential = lambda: ClientSecretCredential(
    os.environ["AZURE_TENANT_ID"], os.environ["AZURE_CLIENT_ID"], os.environ["AZURE_CLIENT_SECRET"],
    authority=os.environ["AZURE_AUTHORITY_HOST"], disable_instance_discovery=True)
executor.init_batch_client()
print("pools:", len(list(executor.batch_client.pool.list())), executor.settings.resource_group_name)
"""


def test_snakemakes_plugin_takes_the_profile(endpoint, tmp_path):
    python = python_with("snakemake-executor-plugin-azure-batch==0.3.0", "snakemake>=8,<9")
    (tmp_path / "config.yaml").write_text(endpoint.export("snakemake"))
    (tmp_path / "list.py").write_text(SNAKEMAKE)
    printed = run(python, "list.py", tmp_path, cwd=tmp_path)
    assert printed.startswith("pools: ")
    assert endpoint.resource_group in printed


def test_kubectl_takes_the_secret(endpoint, tmp_path):
    needs("kubectl")
    (tmp_path / "secret.yaml").write_text(endpoint.export("kubernetes"))
    local = ("annotate", "--local", "-f", tmp_path / "secret.yaml", "read=yes", "-o", "json")
    secret = json.loads(run("kubectl", *local))
    assert secret["stringData"] == endpoint.env()
    values = secret["stringData"]
    list_pools(values["AZURE_BATCH_ACCOUNT"], values["AZURE_BATCH_ENDPOINT"], values["AZURE_BATCH_ACCESS_KEY"])


def list_pools(account: str, url: str, key: str) -> None:
    """Fails where these do not open the Batch service."""
    with BatchClient(url, AzureNamedKeyCredential(account, key)) as client:
        list(client.list_pools())
