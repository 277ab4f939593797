//! The kernel: CPython embedded behind a frame socket.
//!
//! Spawned by the host with a control socket and no arguments it is the *zygote*: it starts Python once and forks a
//! kernel for each sandbox. With arguments it is `python` itself, because user code sees it as `sys.executable`.

mod as_python;
mod child;
mod control;
mod fork;
mod harness;
mod hashing;
mod home;
mod interpreter;
mod processes;
mod program;
mod signals;
mod zygote;

use std::process::ExitCode;

fn main() -> ExitCode {
    let alone = std::env::args_os().nth(1).is_none();
    match control::Control::inherited().filter(|_| alone) {
        Some(control) => zygote::run(control),
        None => as_python::run(),
    }
}
