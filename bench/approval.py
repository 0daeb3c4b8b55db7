"""The approval shape: job → user task (claim, complete) → XOR → user task with boundary timer → job →
message by
business key. About 1.3 kB of data for each case, as a real application has."""

from typing import Any

EVENTS = ("start", "answer", "claim", "complete", "message")
"""Every class of outside event; a case takes eight: 1 start, 2 answers, 2 claims, 2 completions, 1
message."""
PER_CASE = 8

BPMN = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="bench">
<message id="m" name="paid"/>
<process id="p" isExecutable="true">
<startEvent id="s"/><sequenceFlow id="f1" sourceRef="s" targetRef="check"/>
<serviceTask id="check" implementation="verification.check"/><sequenceFlow id="f2" sourceRef="check"
targetRef="confirm"/>
<userTask id="confirm" name="乡镇确认"/><sequenceFlow id="f3" sourceRef="confirm" targetRef="ok"/>
<exclusiveGateway id="ok" default="f5"/>
<sequenceFlow id="f4" sourceRef="ok"
targetRef="review"><conditionExpression>=approved</conditionExpression></sequenceFlow>
<sequenceFlow id="f5" sourceRef="ok" targetRef="refused"/><endEvent id="refused"/>
<userTask id="review" name="部门审核"/><sequenceFlow id="f6" sourceRef="review" targetRef="pay"/>
<boundaryEvent id="late" attachedToRef="review"
cancelActivity="false"><timerEventDefinition><timeDuration>P7D</timeDuration>
</timerEventDefinition></boundaryEvent><sequenceFlow id="f7" sourceRef="late" targetRef="remind"/>
<serviceTask id="remind" implementation="supervision.remind"/><sequenceFlow id="f8" sourceRef="remind"
targetRef="reminded"/>
<endEvent id="reminded"/>
<serviceTask id="pay" implementation="payment.order"/><sequenceFlow id="f9" sourceRef="pay" targetRef="paid"/>
<intermediateCatchEvent id="paid"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>
<sequenceFlow id="f10" sourceRef="paid" targetRef="end"/><endEvent id="end"/>
</process></definitions>""".encode()


def data(number: int) -> dict[str, Any]:
    return {
        "application": f"A{number:09d}",
        "project": "11810",
        "period": "202305",
        "township": f"9901{number % 18:02d}",
        "members": [
            {"ref": f"P{number:09d}{i}", "relation": "配偶", "age": 60 + i, "income_fen": 123400 + i}
            for i in range(3)
        ],
        "attachments": [
            {"id": f"F{number:09d}{i}", "kind": "收入证明", "sha256": f"{number:064x}"} for i in range(3)
        ],
        "note": "经济困难老年人服务补贴，按月发放，资格以人社核验结果为准。" * 3,
    }


def answer(number: int) -> dict[str, Any]:
    return {"checked": True, "hits": [], "score": number % 100}


FORM = {"approved": True, "opinion": "同意"}
MESSAGE = {"paid_fen": 20_000, "paid_at": "2026-05-01T00:00:00Z"}
