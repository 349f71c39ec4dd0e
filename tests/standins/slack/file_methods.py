"""files.*: an upload in three steps."""

from tests.standins.slack.chat_methods import from_bot, thread_root, told
from tests.standins.slack.errors import Json, SlackError
from tests.standins.slack.methods import Context, method, required
from tests.standins.slack.text import normalised
from tests.standins.slack.workspace import File


@method("files.getUploadURLExternal", "files:write")
def get_upload_url(context: Context, params: Json) -> Json:
    length = int(required(params, "length"))
    if length <= 0:
        raise SlackError("invalid_arguments", response_metadata={"messages": ["[ERROR] length must be positive"]})
    space = context.workspace
    name = str(required(params, "filename"))
    file = File(space.new_id("F"), name, length, user=space.bot.id, created=space.now())
    file.url = f"{context.base_url}/files/{file.id}"
    space.files[file.id] = file
    return {"ok": True, "file_id": file.id, "upload_url": f"{context.base_url}/upload/v1/{file.id}"}


@method("files.completeUploadExternal", "files:write")
def complete_upload(context: Context, params: Json) -> Json:
    """Every file that was really sent is shared at once, as one message."""
    listed = params.get("files")
    if not isinstance(listed, list) or not listed:
        raise SlackError("invalid_arguments", response_metadata={"messages": ["[ERROR] missing required field: files"]})
    files = [_uploaded(context, entry) for entry in listed]
    wanted = params.get("channel_id") or params.get("channels")
    if wanted:
        channel = context.writable(str(wanted))
        thread = thread_root(context.workspace, channel, params.get("thread_ts"))
        comment = normalised(str(params.get("initial_comment") or ""))
        message = from_bot(context, channel, text=comment, thread_ts=thread, files=files, subtype="file_share")
        context.workspace.add(message)
        told(context, channel, message)
    for file in files:
        file.shared = bool(wanted)
    return {"ok": True, "files": [file.wire() for file in files]}


def _uploaded(context: Context, entry: Json) -> File:
    file = context.workspace.files.get(str(entry.get("id", "")))
    if file is None or file.content is None or file.shared:
        raise SlackError("file_not_found")
    file.title = str(entry.get("title") or file.name)
    return file


@method("files.info", "files:read")
def files_info(context: Context, params: Json) -> Json:
    file = context.workspace.files.get(str(required(params, "file", "file_not_found")))
    if file is None:
        raise SlackError("file_not_found")
    return {"ok": True, "file": file.wire(), "comments": []}
