//! Processes that have files of a trace open, as those of LTTng that write it have until it is over.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// LTTng's programs that write traces, as the kernel names their processes: 15 bytes.
const PROGRAMS: [&str; 2] = ["lttng-consumerd", "lttng-relayd"];

/// Whether a process of this machine may still write below the directory. One of LTTng's that may not be looked into
/// counts.
pub(crate) fn are_there(directory: &Path) -> bool {
    let Ok(directory) = fs::canonicalize(directory) else { return false };
    let Ok(processes) = fs::read_dir("/proc") else { return true };
    let own = std::process::id().to_string();
    processes.flatten().any(|process| {
        let name = process.file_name();
        let is_process = name.as_encoded_bytes().iter().all(u8::is_ascii_digit);
        is_process && name != *own && may_write(&process.path(), &directory)
    })
}

fn may_write(process: &Path, directory: &Path) -> bool {
    let files = match fs::read_dir(process.join("fd")) {
        Ok(files) => files,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
            return PROGRAMS.contains(&name.trim_end());
        }
        // It has ended.
        Err(_) => return false,
    };
    files.flatten().any(|file| {
        fs::read_link(file.path()).is_ok_and(|path| path.starts_with(directory))
            && is_open_for_writing(process, &file.file_name().to_string_lossy())
    })
}

fn is_open_for_writing(process: &Path, file: &str) -> bool {
    let info = fs::read_to_string(process.join("fdinfo").join(file)).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    // proc(5): octal; the lowest two bits are the access mode, 0 is reading.
    flags.is_none_or(|flags| i64::from_str_radix(flags.trim(), 8).is_ok_and(|flags| flags & 0o3 != 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn who_has_a_file_open_for_writing_is_found() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("ust")).unwrap();
        let file = home.path().join("ust/c_0");
        assert!(!are_there(home.path()));
        let opened = |file: fs::File| Command::new("cat").stdin(Stdio::piped()).stdout(file).spawn().unwrap();
        let mut writer = opened(fs::File::create(&file).unwrap());
        assert!(are_there(home.path()));
        assert!(!are_there(&home.path().join("other")));
        writer.kill().unwrap();
        writer.wait().unwrap();
        assert!(!are_there(home.path()));
        let mut reader =
            Command::new("cat").stdin(fs::File::open(&file).unwrap()).stdout(Stdio::piped()).spawn().unwrap();
        assert!(!are_there(home.path()), "who only reads");
        reader.wait().unwrap();
    }
}
