//! Runs a program and not a kernel: the confined process starts it, waits for it, and kills the processes that it leaves.
//!
//! The confined process does not become the program (execve(2)): somebody must end what the program leaves, also where there is
//! no process id namespace.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::io::Errno;
use rustix::process::{WaitOptions, wait};
use sandcastle_protocol::{Ended, Program, Shell};

use crate::home::Home;
use crate::processes;

/// The exit code with which shells report a missing command.
const NOT_FOUND: i32 = 127;

/// Runs the program to its end, in this process's environment and directory. Returns its exit code as shells report it.
pub(crate) fn run(program: &Program, home: &Home, output: OwnedFd, errors: OwnedFd) -> io::Result<i32> {
    processes::adopt_orphans();
    let shell = match program.shell {
        Shell::Bash => Path::new("/bin/bash"),
        Shell::Python => &home.executable,
    };
    let mut command = Command::new(shell);
    let message = errors.try_clone()?;
    command.arg("-c").arg(&program.source).envs(&program.env);
    let started = command.stdin(Stdio::null()).stdout(output).stderr(errors).spawn();
    // It owns the write ends of both pipes.
    drop(command);
    let code = match started {
        Ok(child) => wait_for(&child)?.exit_code(),
        Err(error) => {
            writeln!(File::from(message), "{}: {error}", shell.display())?;
            NOT_FOUND
        }
    };
    processes::kill_all_children(HashMap::new());
    Ok(code)
}

/// Waits for the program and reaps orphans meanwhile: without that, ended orphans count against the limit on processes.
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
