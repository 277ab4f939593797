//! Changing the mode of a file in a hostile folder, where any name may have become a link by now.

use std::os::fd::{AsFd, AsRawFd};

use rustix::{
    fs::{FileType, Mode, OFlags, Stat, chmod, fstat, openat},
    io::Errno,
    path::Arg,
};

/// Changes the mode of what has this name, if that is still what was seen there. Links are not followed.
pub(crate) fn chmod_seen(folder: impl AsFd, name: impl Arg, seen: &Stat, mode: Mode) -> rustix::io::Result<()> {
    let kind = FileType::from_raw_mode(seen.st_mode);
    chmod_when(folder, name, mode, |found| {
        (found.st_dev, found.st_ino) == (seen.st_dev, seen.st_ino) && FileType::from_raw_mode(found.st_mode) == kind
    })
}

/// Changes the mode of the folder that has this name.
pub(crate) fn chmod_folder(folder: impl AsFd, name: impl Arg, mode: Mode) -> rustix::io::Result<()> {
    chmod_when(folder, name, mode, |found| FileType::from_raw_mode(found.st_mode) == FileType::Directory)
}

fn chmod_when(
    folder: impl AsFd,
    name: impl Arg,
    mode: Mode,
    fits: impl FnOnce(&Stat) -> bool,
) -> rustix::io::Result<()> {
    // chmod(2) has no way to leave links alone, and a descriptor to read with may not be had without the new mode.
    let place = openat(folder, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    if !fits(&fstat(&place)?) {
        return Err(Errno::STALE);
    }
    chmod(format!("/proc/self/fd/{}", place.as_raw_fd()), mode)
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, Permissions},
        os::unix::fs::{PermissionsExt, symlink},
        path::Path,
    };

    use rustix::fs::{AtFlags, CWD, statat};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_link_in_the_place_of_what_was_seen_leaves_its_target_alone() {
        let (outside, inside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (file, folder) = (outside.path().join("file"), outside.path().join("folder"));
        fs::write(&file, "x").unwrap();
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o750)).unwrap();
        for target in [&file, &folder] {
            let before = mode(target);
            let place = inside.path().join("place");
            let seen = statat(CWD, target, AtFlags::SYMLINK_NOFOLLOW).unwrap();
            symlink(target, &place).unwrap();
            chmod_seen(CWD, &place, &seen, Mode::from_raw_mode(0o777)).unwrap_err();
            chmod_folder(CWD, &place, Mode::from_raw_mode(0o777)).unwrap_err();
            assert_eq!(mode(target), before);
            fs::remove_file(&place).unwrap();
        }
    }

    #[test]
    fn another_file_of_the_same_name_keeps_its_mode() {
        let inside = tempfile::tempdir().unwrap();
        let (place, other) = (inside.path().join("place"), inside.path().join("other"));
        fs::write(&place, "x").unwrap();
        fs::write(&other, "x").unwrap();
        fs::set_permissions(&other, Permissions::from_mode(0o640)).unwrap();
        let seen = statat(CWD, &place, AtFlags::SYMLINK_NOFOLLOW).unwrap();
        fs::rename(&other, &place).unwrap();
        chmod_seen(CWD, &place, &seen, Mode::from_raw_mode(0o777)).unwrap_err();
        assert_eq!(mode(&place), 0o640);
    }

    #[test]
    fn what_was_seen_gets_the_mode_even_if_nobody_may_read_it() {
        let inside = tempfile::tempdir().unwrap();
        let place = inside.path().join("place");
        fs::create_dir(&place).unwrap();
        fs::set_permissions(&place, Permissions::from_mode(0o0)).unwrap();
        let seen = statat(CWD, &place, AtFlags::SYMLINK_NOFOLLOW).unwrap();
        chmod_seen(CWD, &place, &seen, Mode::from_raw_mode(0o700)).unwrap();
        assert_eq!(mode(&place), 0o700);
    }
}
