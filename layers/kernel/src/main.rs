//! The kernel binary: embedded CPython that runs user code for a host.
//!
//! When the host starts it with a control socket and no arguments, it is the *zygote*: it starts Python once and forks a
//! kernel for each sandbox. With arguments it acts as `python`, because user code starts it as `sys.executable`.

mod as_python;
mod child;
mod control;
mod fork;
mod frames;
mod harness;
mod home;
mod interpreter;
mod native;
mod preloading;
mod processes;
mod program;
mod restoring;
mod signals;
mod zygote;

use std::process::ExitCode;

fn main() -> ExitCode {
    signals::set_as_in_python();
    let no_arguments = std::env::args_os().nth(1).is_none();
    // Asked with arguments, it would take a descriptor that is for the program.
    match no_arguments.then(control::inherited).flatten() {
        Some(control) => zygote::run(control),
        None => as_python::run(),
    }
}
