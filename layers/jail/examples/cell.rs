//! Runs a command in a cell: `cell [--readable PATH]... COMMAND [ARGUMENT...]`. With `--cost` instead of a command, forks and
//! confines a hundred kernels and prints how long each part takes.

use std::error::Error;
use std::fs;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Instant;

use rustix::process::{Pid, WaitOptions, waitpid};
use sandcastle_jail::{Confined, Fork, Jail, JailConfig, JailError, Policy, confine_self};
use sandcastle_protocol::Limits;

const UID: u32 = 61_000;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut readable = vec![];
    while arguments.first().is_some_and(|first| first == "--readable") {
        readable.extend(arguments.drain(..2).nth(1).map(PathBuf::from));
    }
    let kernels = tempfile::tempdir()?;
    let slot = kernels.path().join("0");
    for name in ["files", "tmp"] {
        fs::create_dir_all(slot.join(name))?;
        if rustix::process::geteuid().is_root() {
            chown(slot.join(name), Some(UID), Some(UID))?;
        }
    }
    let started = Instant::now();
    let jail = Jail::prepare(&JailConfig { kernels_dir: kernels.path(), readable: &readable });
    eprintln!("prepared in {:?}", started.elapsed());
    if arguments.first().is_some_and(|first| first == "--cost") {
        return cost(&jail).map(|()| ExitCode::SUCCESS);
    }
    match jail.fork()? {
        Fork::Child => run(&jail, &arguments),
        Fork::Parent { pid } => {
            let ended = waitpid(Pid::from_raw(pid), WaitOptions::empty())?;
            eprintln!("ended: {:?}", ended.map(|(_, status)| status));
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn confine(jail: &Jail, keep: &[RawFd]) -> Result<Confined, JailError> {
    let limits = Limits { memory_bytes: 2 << 30, processes: 64, file_bytes: 1 << 30, open_files: 512 };
    confine_self(jail, &Policy { slot: "0", uid: UID, limits, ends_first: false, keep, required: &[] })
}

fn run(jail: &Jail, arguments: &[String]) -> Result<ExitCode, Box<dyn Error>> {
    let confined = confine(jail, &[])?;
    for step in &confined.steps {
        eprintln!("{:15} {}", step.step, if step.held { "held" } else { &step.reason });
    }
    let (program, arguments) = arguments.split_first().ok_or("no command")?;
    Err(Command::new(program)
        .args(arguments)
        .env_clear()
        .env("HOME", &confined.files)
        .env("TMPDIR", &confined.tmp)
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .exec()
        .into())
}

fn cost(jail: &Jail) -> Result<(), Box<dyn Error>> {
    let (mut forks, mut cells) = (vec![], vec![]);
    for _ in 0..100 {
        let (mut reader, mut writer) = std::io::pipe()?;
        let started = Instant::now();
        match jail.fork()? {
            Fork::Child => {
                let begun = Instant::now();
                confine(jail, &[writer.as_raw_fd()])?;
                writer.write_all(&begun.elapsed().as_micros().to_ne_bytes())?;
                std::process::exit(0);
            }
            Fork::Parent { pid } => {
                forks.push(started.elapsed().as_micros());
                drop(writer);
                let mut took = [0; 16];
                reader.read_exact(&mut took)?;
                cells.push(u128::from_ne_bytes(took));
                waitpid(Pid::from_raw(pid), WaitOptions::empty())?;
            }
        }
    }
    for (name, mut micros) in [("fork", forks), ("confine_self", cells)] {
        micros.sort_unstable();
        println!("{name}: median {:?} us, slowest {:?} us", micros.get(micros.len() / 2), micros.last());
    }
    Ok(())
}
