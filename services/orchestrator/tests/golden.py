"""One example of every handled message, with the project deployed: start events start, the others find nobody."""

from pathlib import Path

from contracts.application import ApplicationSubmitted
from contracts.base import Message
from contracts.batch import SliceOpened
from contracts.examples import example
from contracts.orchestrator import CompleteWorkItem, StartInstance
from engine.folder import read_folder
from kit.db import Tx
from kit.ids import named_id
from services.orchestrator import engine
from services.orchestrator.handlers import HEARD

FOLDER = Path(__file__).resolve().parents[3] / "bpmn" / "projects" / "elderly-service-subsidy"
KEY = str(example(SliceOpened)["slice_id"])

GOLDEN: dict[type[Message], Message] = {cls: cls.model_validate(example(cls)) for cls in HEARD} | {
    CompleteWorkItem: CompleteWorkItem(
        business_key=KEY,
        instance_id=named_id("instance", "township", KEY),
        work_item_id="w-1",
        actor="township_handler@539901101",
        decision="approve",
    ),
    StartInstance: StartInstance(
        business_key="by-hand",
        project="11810",
        process="intake",
        data=example(ApplicationSubmitted) | {"application_id": "by-hand"},
        actor="operator@5399",
    ),
}


async def prepare(tx: Tx) -> None:
    """The project's own diagrams as version v1."""
    files = read_folder(FOLDER)
    project = engine.Project(files)
    await tx.execute(
        "INSERT INTO project_version VALUES ('v1', '11810', 1, $1, $2, $3, 'operator@5399')",
        files,
        project.manifest,
        tx.now,
    )
    for name, program in project.programs.items():
        if program.start_message:
            await tx.execute("INSERT INTO starter VALUES ('v1', $1, $2)", name, program.start_message)
