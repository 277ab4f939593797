//! Files: what a kernel sees, reads and writes.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::fixture::{Fixture, ensure};

pub(crate) fn system_programs_can_be_run(_: &Fixture) -> Outcome {
    ensure(fs::read_dir("/usr/lib")?.next().is_some(), "/usr/lib is empty")?;
    let said = Command::new("/bin/sh").args(["-c", "echo shell"]).output()?;
    ensure(said.stdout == b"shell\n", format!("{said:?}"))
}

pub(crate) fn the_layer_can_be_read_but_not_written(fixture: &Fixture) -> Outcome {
    let module = fixture.host("layer/module");
    ensure(fs::read_to_string(&module)? == "layer", "wrong contents")?;
    ensure(fs::write(&module, "changed").is_err(), "the layer can be written")
}

pub(crate) fn files_of_the_host_are_not_visible(fixture: &Fixture) -> Outcome {
    for path in ["/root", "/home", "/var", "/sys", "/run", "/boot", "/etc/shadow", "/etc/ssh", "/dev/shm/../kmsg"] {
        ensure(fs::symlink_metadata(path).is_err(), format!("{path} can be seen"))?;
    }
    for name in ["secret", "kernels/1/files/own", "kernels/0/files/own"] {
        ensure(fs::read(fixture.host(name)).is_err(), format!("{name} can be read"))?;
    }
    ensure(fs::read_dir("/.kernels").map_or(0, Iterator::count) == 0, "the kernels' folders can be listed")
}

pub(crate) fn files_of_the_host_cannot_be_read(fixture: &Fixture) -> Outcome {
    for name in ["secret", "kernels/1/files/own", "kernels/1/tmp/own"] {
        let error = fs::read(fixture.host(name)).err().ok_or(format!("{name} can be read"))?;
        ensure(error.kind() == ErrorKind::PermissionDenied, error.to_string())?;
    }
    ensure(fs::read_dir("/root").is_err() && fs::read_dir("/proc").is_err(), "the host can be listed")
}

/// DuckDB asks for these limits in a container. One that is not there is no obstacle, but one that it may not read is.
pub(crate) fn limits_of_the_container_can_be_read(_: &Fixture) -> Outcome {
    for name in ["cpu.max", "memory.max", "cpu/cpu.cfs_quota_us", "memory/memory.limit_in_bytes"] {
        let kind = fs::read(Path::new("/sys/fs/cgroup").join(name)).err().map(|error| error.kind());
        ensure(matches!(kind, None | Some(ErrorKind::NotFound)), format!("{name}: {kind:?}"))?;
    }
    ensure(fs::read_dir("/sys/fs/cgroup").is_err(), "the host's groups can be listed")
}

pub(crate) fn no_path_leads_to_another_kernel(_: &Fixture) -> Outcome {
    for path in ["/proc/1/root/.kernels/1/files/own", "/proc/self/cwd/../../.kernels/1/files/own", "../../1/files/own"]
    {
        ensure(fs::read(path).is_err(), format!("{path} can be read"))?;
    }
    std::os::unix::fs::symlink("/.kernels/1/files/own", "link")?;
    ensure(fs::read("link").is_err(), "a symbolic link leads to another kernel")
}

pub(crate) fn nothing_outside_its_folders_can_be_written(_: &Fixture) -> Outcome {
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

/// Landlock refuses the writes above too, so this looks at the mounts themselves.
pub(crate) fn every_other_mount_is_read_only(_: &Fixture) -> Outcome {
    for line in fs::read_to_string("/proc/self/mountinfo")?.lines() {
        let mut fields = line.split_whitespace().skip(4);
        let (mount_point, options) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        let own = ["/sandbox/files", "/tmp", "/dev/shm"].contains(&mount_point);
        ensure(own || options.split(',').any(|option| option == "ro"), format!("{mount_point} is mounted {options}"))?;
        ensure(options.split(',').any(|option| option == "nosuid"), format!("{mount_point} is mounted {options}"))?;
    }
    Ok(())
}

pub(crate) fn its_own_folders_can_be_written(_: &Fixture) -> Outcome {
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

pub(crate) fn files_can_be_written(_: &Fixture) -> Outcome {
    fs::write("new", "x")?;
    Ok(fs::rename("new", "moved")?)
}

pub(crate) fn devices_work_but_none_can_be_made(_: &Fixture) -> Outcome {
    fs::write("/dev/null", "gone")?;
    ensure(fs::read("/dev/null")?.is_empty(), "/dev/null is not empty")?;
    let made = Command::new("mknod").args(["disk", "b", "254", "0"]).output()?;
    ensure(!made.status.success(), "a block device was made")
}
