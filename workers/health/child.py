"""The child process that runs checks: Lua and CEL, one question at a time, with nothing to lose.

`workers.health.sandbox` starts this file by its path, with an empty environment. It imports nothing of ours. A question
and an answer are JSON behind a length of 4 bytes. An answer that takes more than :data:`SECONDS` of processor time ends
the process: the kernel's timer also stops a call into C that does not return, and a busy machine stops nothing.

Every Lua check gets an interpreter of its own, so that nothing that one did (not even to ``string``) is seen by the
next. What it may use: the base functions without ``load`` and its like, ``string``, ``table``, ``math``, and of ``os``
the time and date, as in Argo CD. Lua 5.2, because it reads what Argo CD's interpreter reads (5.1 with ``goto``; whole
numbers print without ``.0``) and, unlike 5.1, limits how deep a pattern may recurse.
"""

from __future__ import annotations

import functools
import resource
import signal
import struct
import sys
from typing import Any, Final

import orjson
from lupa import lua52

MEMORY: Final = 64 * 1024 * 1024
"""Bytes one Lua check may take, its object included."""
ADDRESS_SPACE: Final = 1024 * 1024 * 1024
"""Bytes of address space of the whole process: mapped libraries count, so this is far above what it uses."""
SECONDS: Final = 1.0
"""Processor time one answer may take; Argo CD gives a check as long, by the clock."""
INSTRUCTIONS: Final = 2_000_000
"""Lua instructions one check may take: some 20 ms."""
LONGEST: Final = 1200
"""Characters of an answer's text."""

PREPARE: Final = """
local sethook, load, type, tostring, rawget, pcall, sub, gsub =
  debug.sethook, load, type, tostring, rawget, pcall, string.sub, string.gsub
local keep = {assert=1, error=1, getmetatable=1, ipairs=1, next=1, pairs=1, pcall=1, rawequal=1, rawget=1, rawlen=1,
  rawset=1, select=1, setmetatable=1, tonumber=1, tostring=1, type=1, xpcall=1, _VERSION=1, _G=1,
  string=1, table=1, math=1}
local time, date = os.time, os.date
for key in pairs(_G) do if not keep[key] then _G[key] = nil end end
string.dump = nil
os = {time = time, date = date}
unpack = table.unpack
print = function() end
table.getn = function(list) return #list end
local modules = {os = os, string = string, table = table, math = math}
require = function(module)
  return modules[module] or error("module '" .. tostring(module) .. "' is not available to a check", 2)
end
return function(script, name, obj, most, longest, quick)
  _G.obj = obj
  local chunk, wrong = load(script, "=" .. name, "t")
  if not chunk then return "syntax", sub(wrong, 1, longest) end
  if quick then return "compiled" end
  local function text(value)
    local kind = type(value)
    if kind == "string" and #value <= longest then return value end
    if kind == "string" then return (gsub(sub(value, 1, longest), "[\\192-\\247][\\128-\\191]*$", "")) end
    if kind == "number" or kind == "boolean" then return tostring(value) end
    return kind == "nil" and "" or "a " .. kind
  end
  local function stop()
    sethook(stop, "", 1)  -- every further instruction fails, so that no pcall of the script goes on
    error("it takes more than " .. most .. " instructions", 0)
  end
  sethook(stop, "", most)
  local fine, hs = pcall(chunk)
  sethook()
  if not fine then return "error", text(hs) end
  local kind = hs == nil and "nothing" or "a " .. type(hs)
  if type(hs) ~= "table" then return "error", "it returned " .. kind .. ", not a table" end
  return "said", text(rawget(hs, "status")), text(rawget(hs, "message"))
end
"""
"""Takes away what a check may not use; the function it returns runs one and hands on two texts only."""


@functools.cache
def _prepared() -> bytes:
    """Return :data:`PREPARE` compiled: every check needs it, and compiling is most of an interpreter's cost."""
    compiler = lua52.LuaRuntime(register_eval=False, register_builtins=False, encoding=None)
    dump = compiler.eval("function(text) return string.dump(load(text, '=prepare'), true) end")
    return bytes(dump(PREPARE.encode()))


class Interpreter:
    """A Lua interpreter for one check. ``run`` is the function that :data:`PREPARE` returns."""

    def __init__(self) -> None:
        self.runtime = lua52.LuaRuntime(
            register_eval=False,
            register_builtins=False,
            unpack_returned_tuples=True,
            attribute_filter=_nothing,
            max_memory=MEMORY,
        )
        self.run = self.runtime.execute(_prepared())


def _nothing(*_: object) -> str:
    raise AttributeError("a check has no access to Python")


def lua(question: dict[str, Any], interpreter: Interpreter) -> dict[str, str]:
    """Run one Lua check, or see only whether it compiles."""
    try:
        obj = question["object"]
        table = None if obj is None else interpreter.runtime.table_from(obj, recursive=True)
        found = interpreter.run(question["script"], question["name"], table, INSTRUCTIONS, LONGEST, obj is None)
    except lua52.LuaMemoryError:
        return {"ended": "error", "text": f"it takes more than {MEMORY // 1024**2} MiB of memory"}
    except UnicodeDecodeError:
        return {"ended": "error", "text": "its status or message is not UTF-8"}
    except (lua52.LuaError, RecursionError) as error:
        return {"ended": "error", "text": str(error).partition("\nstack traceback")[0][:LONGEST]}
    words = [str(word) for word in found] if isinstance(found, tuple) else [str(found)]
    return {"ended": words[0], "text": words[-1] if len(words) > 1 else "", "status": words[1] if words[2:] else ""}


@functools.cache
def _environment() -> Any:
    # Loaded with the first expression, because few use any. Parsed and not type-checked, as in Flux: which fields an
    # object has at its top is not known. Of Flux's extensions only `sets` is missing.
    from cel_expr_python import cel
    from cel_expr_python.ext import ext_encoders, ext_optional, ext_strings

    extensions = [ext_optional.ExtOptional(), ext_strings.ExtStrings(), ext_encoders.ExtEncoders()]
    return cel.NewEnv(variables={}, extensions=extensions)


@functools.lru_cache(maxsize=256)
def _program(expression: str) -> Any:
    return _environment().compile(expression, disable_check=True)


def cel(question: dict[str, Any]) -> dict[str, str]:
    """Evaluate one CEL expression over an object's fields, or see only whether it parses."""
    try:
        program = _program(question["script"])
    except (RuntimeError, ValueError) as error:
        return {"ended": "syntax", "text": " ".join(str(error).split())[:LONGEST]}
    if question["object"] is None:
        return {"ended": "compiled", "text": ""}
    try:
        value = program.eval(data=question["object"])
        found, kind = value.plain_value(), value.type().name()
    except (RuntimeError, ValueError, TypeError, MemoryError) as error:
        return {"ended": "error", "text": str(error)[:LONGEST]}
    if isinstance(found, bool):
        return {"ended": "said", "text": "true" if found else "false"}
    said = str(found)[:LONGEST] if kind.lower().strip("*") == "error" else f"it is {kind}, not true or false"
    return {"ended": "error", "text": said}


def answer(question: dict[str, Any], interpreter: Interpreter) -> dict[str, str]:
    """Answer one question within :data:`SECONDS`."""
    if question["language"] == "cel":
        _environment()
    signal.setitimer(signal.ITIMER_PROF, SECONDS)  # what it sends when it is over ends the process
    try:
        return cel(question) if question["language"] == "cel" else lua(question, interpreter)
    except MemoryError:
        return {"ended": "error", "text": "it takes too much memory"}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def main() -> None:
    """Answer questions until nobody asks any more."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    asked, told = sys.stdin.buffer, sys.stdout.buffer
    interpreter = Interpreter()
    while len(head := asked.read(4)) == 4:
        question = orjson.loads(asked.read(struct.unpack(">I", head)[0]))
        said = orjson.dumps(answer(question, interpreter))
        told.write(struct.pack(">I", len(said)) + said)
        told.flush()
        if question["language"] == "lua":
            interpreter = Interpreter()  # a new one for the next check, made while nobody waits


if __name__ == "__main__":
    main()
