"""Policy packs in preview and up: advice, refusals, remediations, and the stack as a whole."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from tests.lifecycle.conftest import Lab

# Speaks the Analyzer protocol as pulumi-policy does: names that begin with "bad" are forbidden, sizes above 5 are
# brought down to 5, and a stack may have no thing called "lonely".
PACK = """
import sys
from concurrent.futures import ThreadPoolExecutor
import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2 as pb, analyzer_pb2_grpc, plugin_pb2
NAMED = dict(policyPackName="pack", policyPackVersion="1.2.3")
class Pack(analyzer_pb2_grpc.AnalyzerServicer):
    level = pb.MANDATORY
    def GetAnalyzerInfo(self, request, context):
        policies = [pb.PolicyInfo(name="names", enforcementLevel=pb.MANDATORY)]
        return pb.AnalyzerInfo(name="pack", version="1.2.3", policies=policies)
    def ConfigureStack(self, request, context):
        assert (request.project, request.stack) == ("lab", "dev")
        return pb.AnalyzerStackConfigureResponse()
    def Configure(self, request, context):
        self.level = request.policyConfig["names"].enforcementLevel
        return empty_pb2.Empty()
    def Analyze(self, request, context):
        told = [pb.AnalyzeDiagnostic(policyName="names", message="this name is bad", description="Good names only.",
                enforcementLevel=self.level, **NAMED)] if request.name.startswith("bad") else []
        return pb.AnalyzeResponse(diagnostics=told)
    def Remediate(self, request, context):
        inputs = json_format.MessageToDict(request.properties)
        if inputs.get("size", 0) <= 5:
            return pb.RemediateResponse()
        changed = json_format.ParseDict({**inputs, "size": 5}, struct_pb2.Struct())
        return pb.RemediateResponse(remediations=[pb.Remediation(policyName="sizes", properties=changed, **NAMED)])
    def AnalyzeStack(self, request, context):
        told = [pb.AnalyzeDiagnostic(policyName="company", message="nobody should be lonely", urn=one.urn,
                enforcementLevel=pb.MANDATORY, **NAMED) for one in request.resources if one.name == "lonely"]
        return pb.AnalyzeResponse(diagnostics=told)
    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="1.2.3")
server = grpc.server(ThreadPoolExecutor(4))
analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Pack(), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
"""
WRITTEN_WITH_PULUMI_POLICY = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy
def check(args, report):
    if args.props.get("size", 0) > 5:
        report("too large")
PolicyPack("real", [ResourceValidationPolicy("sizes", "Small things only.", check, EnforcementLevel.MANDATORY)])
"""


def pack(lab: Lab, program: str) -> str:
    folder = lab.folder / "pack"
    folder.mkdir()
    (folder / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (folder / "__main__.py").write_text(program)
    return str(folder)


def test_a_mandatory_policy_fails_a_preview_and_stops_an_up(lab: Lab) -> None:
    folder = pack(lab, PACK)
    lab.program('Thing("good")\nThing("bad1")\n')
    shown = lab.run("preview", "--policy-pack", folder)
    assert shown.code == 1
    assert "policy [mandatory] pack@v1.2.3 names (sim:index:Thing: bad1)\n    Good names only.\n" in shown.text
    assert sorted(shown.steps) == ["create bad1", "create good"]
    assert lab.run("up", "--policy-pack", folder).code == 1
    assert "bad1" not in lab.things()


def test_settings_of_a_pack_make_a_refusal_an_advice(lab: Lab, tmp_path: Path) -> None:
    folder, settings = pack(lab, PACK), tmp_path / "settings.json"
    settings.write_text(json.dumps({"names": "advisory"}))
    lab.program('Thing("bad1")\n')
    ran = lab.run("up", "--policy-pack", folder, "--policy-pack-config", str(settings))
    assert ran.code == 0, ran.text
    assert "policy [advisory] pack@v1.2.3 names" in ran.text


def test_a_remediation_changes_what_is_made_and_is_an_event(lab: Lab) -> None:
    folder = pack(lab, PACK)
    lab.program('Thing("a", size=9)\n')
    assert lab.run("up", "--policy-pack", folder).code == 0
    assert lab.things()["a"]["size"] == 5
    events = [json.loads(line) for line in (lab.folder / "events.jsonl").read_text().splitlines()]
    found = [event["policyRemediationEvent"] for event in events if "policyRemediationEvent" in event]
    assert [(one["before"]["size"], one["after"]["size"]) for one in found] == [(9, 5)]


def test_a_policy_about_the_stack_fails_an_up_that_is_done(lab: Lab) -> None:
    folder = pack(lab, PACK)
    lab.program('Thing("lonely")\n')
    ran = lab.run("up", "--policy-pack", folder)
    assert ran.code == 1
    assert "nobody should be lonely" in ran.text
    assert list(lab.things()) == ["lonely"]


def test_a_pack_that_is_not_there_is_told(lab: Lab) -> None:
    lab.program('Thing("a")\n')
    ran = lab.run("up", "--policy-pack", str(lab.folder))
    assert ran.code == 1
    assert "it has no PulumiPolicy.yaml" in ran.text


@pytest.mark.skipif(importlib.util.find_spec("pulumi_policy") is None, reason="pulumi-policy pins an older protobuf")
def test_packs_written_with_pulumi_policy_are_run(lab: Lab) -> None:
    folder = pack(lab, WRITTEN_WITH_PULUMI_POLICY)
    lab.program('Thing("a", size=9)\n')
    ran = lab.run("preview", "--policy-pack", folder)
    assert ran.code == 1
    assert "too large" in ran.text
