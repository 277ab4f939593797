#!/bin/sh
# Adds up the closing lines of every test binary in the log and prints them as one: the last line of a run.
awk '/^test result: / { for (i = 1; i <= NF; i++) {
        if ($(i + 1) == "passed;") passed += $i
        if ($(i + 1) == "failed;") failed += $i
        if ($(i + 1) == "ignored;") skipped += $i } }
    END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped }' "$1"
