//! Files: what is seen, what is read, what is written.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::scene::{Stage, ensure};

pub(crate) fn the_system_is_there(_: &Stage) -> Outcome {
    ensure(fs::read_dir("/usr/lib")?.next().is_some(), "/usr/lib is empty")?;
    let said = Command::new("/bin/sh").args(["-c", "echo shell"]).output()?;
    ensure(said.stdout == b"shell\n", format!("{said:?}"))
}

pub(crate) fn the_layer_is_there_and_read_only(stage: &Stage) -> Outcome {
    let module = stage.host("layer/module");
    ensure(fs::read_to_string(&module)? == "layer", "another layer")?;
    ensure(fs::write(&module, "changed").is_err(), "the layer can be written")
}

pub(crate) fn the_host_is_not_there(stage: &Stage) -> Outcome {
    for path in ["/root", "/home", "/var", "/sys", "/run", "/boot", "/etc/shadow", "/etc/ssh", "/dev/shm/../kmsg"] {
        ensure(fs::symlink_metadata(path).is_err(), format!("{path} can be seen"))?;
    }
    for name in ["secret", "kernels/1/files/own", "kernels/0/files/own"] {
        ensure(fs::read(stage.host(name)).is_err(), format!("{name} can be read"))?;
    }
    ensure(fs::read_dir("/.kernels").map_or(0, Iterator::count) == 0, "the kernels' folders can be listed")
}

pub(crate) fn the_host_cannot_be_read(stage: &Stage) -> Outcome {
    for name in ["secret", "kernels/1/files/own", "kernels/1/tmp/own"] {
        let error = fs::read(stage.host(name)).err().ok_or(format!("{name} can be read"))?;
        ensure(error.kind() == ErrorKind::PermissionDenied, error.to_string())?;
    }
    ensure(fs::read_dir("/root").is_err() && fs::read_dir("/proc").is_err(), "the host can be listed")
}

pub(crate) fn no_neighbour_by_another_way(_: &Stage) -> Outcome {
    for way in ["/proc/1/root/.kernels/1/files/own", "/proc/self/cwd/../../.kernels/1/files/own", "../../1/files/own"] {
        ensure(fs::read(way).is_err(), format!("{way} can be read"))?;
    }
    std::os::unix::fs::symlink("/.kernels/1/files/own", "way")?;
    ensure(fs::read("way").is_err(), "a link leads to the neighbour")
}

pub(crate) fn nothing_else_can_be_written(_: &Stage) -> Outcome {
    for folder in ["/", "/usr", "/usr/lib", "/etc", "/dev", "/sandbox", "/bin", "/proc", "/.kernels"] {
        let path = Path::new(folder).join("new");
        ensure(fs::write(&path, "x").is_err(), format!("{} can be written", path.display()))?;
    }
    for file in ["/etc/passwd", "/usr/bin/env", "/proc/sys/kernel/hostname", "/proc/self/oom_score_adj"] {
        let opened = fs::OpenOptions::new().append(true).open(file);
        ensure(opened.is_err(), format!("{file} can be opened for writing"))?;
    }
    ensure(fs::set_permissions("/dev/null", fs::metadata("/dev/null")?.permissions()).is_err(), "chmod of /dev/null")
}

/// Landlock refuses the writes above as well; this is about the first of the two fences.
pub(crate) fn every_other_mount_is_read_only(_: &Stage) -> Outcome {
    for line in fs::read_to_string("/proc/self/mountinfo")?.lines() {
        let mut fields = line.split_whitespace().skip(4);
        let (place, options) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        let own = ["/sandbox/files", "/tmp", "/dev/shm"].contains(&place);
        ensure(own || options.split(',').any(|option| option == "ro"), format!("{place} is mounted {options}"))?;
        ensure(options.split(',').any(|option| option == "nosuid"), format!("{place} is mounted {options}"))?;
    }
    Ok(())
}

pub(crate) fn its_own_folders_can_be_written(_: &Stage) -> Outcome {
    let own = ["/sandbox/files", "/tmp"].map(|folder| fs::read_to_string(Path::new(folder).join("own")));
    ensure(own.iter().all(|text| text.as_ref().is_ok_and(|text| text == "0")), format!("{own:?}"))?;
    for folder in [".", "/sandbox/files", "/tmp", "/dev/shm"] {
        let path = Path::new(folder).join("new");
        fs::write(&path, "x")?;
        fs::rename(&path, path.with_extension("moved"))?;
    }
    fs::create_dir("folder")?;
    Ok(fs::rename("new.moved", "folder/moved")?)
}

pub(crate) fn files_can_be_written(_: &Stage) -> Outcome {
    fs::write("new", "x")?;
    Ok(fs::rename("new", "moved")?)
}

pub(crate) fn devices_work_but_none_can_be_made(_: &Stage) -> Outcome {
    fs::write("/dev/null", "gone")?;
    ensure(fs::read("/dev/null")?.is_empty(), "/dev/null is not empty")?;
    let made = Command::new("mknod").args(["disk", "b", "254", "0"]).output()?;
    ensure(!made.status.success(), "a block device was made")
}
