"""The text of the sample project: a small storage engine called Skylark."""

README = """\
# Skylark

A small embedded storage engine. Keys go in, keys come out, and a crash in between loses nothing.

    cmake --preset community-release
    cmake --build --preset community-release
    ctest --preset community-release
"""

CMAKE = """\
cmake_minimum_required(VERSION 3.24)

project(Skylark VERSION {version} LANGUAGES CXX)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)

find_package(RocksDB 9.6 REQUIRED)

add_library(skylark src/engine.cpp src/wal.cpp)
target_link_libraries(skylark PRIVATE RocksDB::rocksdb)

enable_testing()
add_test(NAME wal COMMAND skylark --self-test wal)
"""

VCPKG = """\
{
  "name": "skylark",
  "version-string": "1.3.0",
  "dependencies": [
    {
      "name": "rocksdb",
      "version>=": "9.6.1"
    },
    "fmt"
  ],
  "overrides": [
    {
      "name": "rocksdb",
      "version": "9.6.1"
    }
  ]
}
"""

CHANGELOG_TOP = """\
# Changelog

All notable changes to Skylark are written down here.

The format follows [Keep a Changelog], versions follow [Semantic Versioning]. Times are UTC.

## [Unreleased]
"""

UNRELEASED = """
This line is about staying up: most of it is the new write-ahead log.

### Added

- Write-ahead log with checksummed segments ([#31]).
  - Segments are preallocated; the size is `wal.segment_bytes`.
  - A torn tail is cut at the last good record:
    1. scan forward from the checkpoint,
    2. stop at the first bad checksum,
    3. truncate.
- `skylark inspect` prints what a segment holds.

### Changed

- The compaction thread yields under read pressure.

### Fixed

- A reader could see a half-written block after power loss ([#28]).
"""

CHANGELOG_RELEASED = """
## [1.3.0] - 2026-02-10

### Added

- Snapshots that survive a restart.
  - `--snapshot-dir` says where they live.

### Security

- Keys are compared in constant time.

## [1.2.0] - 2025-11-04

First release with a stable file format. Upgrading from 1.1 needs `skylark migrate` once; it is safe to
interrupt.

### Changed

- File format 2.
"""

LINKS_BEFORE = """
[Keep a Changelog]: https://keepachangelog.com/en/1.1.0/
[Semantic Versioning]: https://semver.org/
"""

LINKS_UNRELEASED = """\
[#28]: https://forge.example/acme/skylark/issues/28
[#31]: https://forge.example/acme/skylark/issues/31
"""

LINKS_AFTER = """\
[Unreleased]: https://forge.example/acme/skylark/compare/v1.3.0...HEAD
[1.3.0]: https://forge.example/acme/skylark/compare/v1.2.0...v1.3.0
[1.2.0]: https://forge.example/acme/skylark/releases/tag/v1.2.0
"""

SECURITY = """\
# Security

Write to security@skylark.example; please do not open an issue.

## Supported versions

| Version | Supported          |
|---------|--------------------|
| 1.3.x   | :white_check_mark: |
| 1.2.x   | :white_check_mark: |
| < 1.2   | :x:                |
"""

CONTRIBUTING = """\
# Contributing

Branch from `develop`, keep the change small, add a test, and write a line under `[Unreleased]` in the changelog.
"""

CODE_OF_CONDUCT = """\
# Code of conduct

Be kind, be precise, assume good faith. Reports go to conduct@skylark.example.
"""

ENGINE = """\
#include "engine.hpp"

namespace skylark {

int open_engine() { return 0; }

}  // namespace skylark
"""

ENGINE_HEADER = """\
#pragma once

namespace skylark {

int open_engine();

}  // namespace skylark
"""

WAL = """\
#include "wal.hpp"

namespace skylark {

bool append(const char*) { return true; }

}  // namespace skylark
"""

WAL_HEADER = """\
#pragma once

namespace skylark {

bool append(const char* record);

}  // namespace skylark
"""


def changelog(unreleased: str) -> str:
    """The whole file, with `unreleased` under its heading; its links are there only when its text is."""
    links = LINKS_BEFORE + (LINKS_UNRELEASED if unreleased else "") + LINKS_AFTER
    return CHANGELOG_TOP + unreleased + CHANGELOG_RELEASED + links
