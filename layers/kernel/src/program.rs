//! A program in a kernel's place: the confined process starts it, waits for it, and ends what it left behind.
//!
//! The process stays between the host and the program because it may be the first one of its process id namespace, to which
//! most signals do nothing: a program in that place could not even abort.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::io::Errno;
use rustix::process::{WaitOptions, getpid, wait};
use sandcastle_protocol::{Ended, Program, Shell};

use crate::home::Home;
use crate::processes;

/// What a shell answers when there is no such command.
const NOT_FOUND: i32 = 127;

/// Runs the program to its end, in this process's environment and directory; its exit code as a shell has it.
pub(crate) fn run(program: &Program, home: &Home, output: OwnedFd, errors: Option<OwnedFd>) -> io::Result<i32> {
    processes::adopt_orphans();
    let errors = match errors {
        Some(errors) => errors,
        None => output.try_clone()?,
    };
    let shell = match program.shell {
        Shell::Bash => Path::new("/bin/bash"),
        Shell::Python => &home.executable,
    };
    let mut command = Command::new(shell);
    let complain = errors.try_clone()?;
    command.arg("-c").arg(&program.source).envs(&program.env);
    let started = command.stdin(Stdio::null()).stdout(output).stderr(errors).spawn();
    // It holds the write ends of both pipes.
    drop(command);
    let code = match started {
        Ok(child) => wait_for(&child)?.exit_code(),
        Err(error) => {
            writeln!(File::from(complain), "{}: {error}", shell.display())?;
            NOT_FOUND
        }
    };
    // A process id namespace ends with its first process.
    if !getpid().is_init() {
        processes::kill_all_children(HashMap::new());
    }
    Ok(code)
}

/// Reaps whatever ends until the program does: orphans that have ended would go on to count as processes.
fn wait_for(program: &Child) -> io::Result<Ended> {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid.as_raw_nonzero().get().unsigned_abs() == program.id() => {
                return Ok(processes::how_ended(status));
            }
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
