#!/bin/sh
# Prints the sum of the results of all test binaries in the log of `cargo test`, as the last line of a run.
awk '/^test result: / { for (i = 1; i <= NF; i++) {
        if ($(i + 1) == "passed;") passed += $i
        if ($(i + 1) == "failed;") failed += $i
        if ($(i + 1) == "ignored;") skipped += $i } }
    END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped }' "$1"
