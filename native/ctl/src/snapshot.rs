//! A flight recorder's snapshot: recorded, and found where LTTng has put it.

use std::collections::BTreeSet;
use std::ffi::{CStr, CString};
use std::fs;
use std::path::{Path, PathBuf};
use std::ptr;

use crate::call::{c_string, checked};
use crate::error::Error;
use crate::limits::check_name;
use crate::mode::Output;
use crate::sys::{Functions, NAME_MAX};

/// LTTng adds the date, the time and a number to the label.
const LABEL_MAX: usize = NAME_MAX - 40;

/// What to record where.
pub(crate) struct Request {
    label: String,
    c_label: CString,
    output: Output,
    c_output: CString,
}

impl Request {
    pub(crate) fn new(label: &str, output: &Output) -> Result<Self, Error> {
        check_name("snapshot", label, LABEL_MAX)?;
        let c_output = match output {
            Output::Local(path) => c_string(&path.to_string_lossy())?,
            Output::Net(url) => c_string(url)?,
        };
        Ok(Self { label: label.to_owned(), c_label: c_string(label)?, output: output.clone(), c_output })
    }

    /// The directories of snapshots of this label.
    fn directories(&self, path: &Path) -> BTreeSet<PathBuf> {
        let Ok(entries) = fs::read_dir(path) else { return BTreeSet::new() };
        entries.flatten().map(|entry| entry.path()).filter(|path| self.is_named_after(path)).collect()
    }

    /// `<label>-<date>-<time>-<number>`.
    fn is_named_after(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str());
        let rest = name.and_then(|name| name.strip_prefix(&self.label)?.strip_prefix('-'));
        rest.is_some_and(|rest| {
            let mut parts = rest.split('-');
            parts.all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
                && rest.split('-').count() == 3
        })
    }
}

/// Records a snapshot of session `name`; returns its directory when that is on this machine.
pub(crate) fn record(
    functions: &Functions,
    name: &CStr,
    request: &Request,
) -> Result<Option<PathBuf>, Error> {
    match &request.output {
        Output::Net(_) => record_to(functions, name, request).map(|()| None),
        Output::Local(path) => {
            let before = request.directories(path);
            record_to(functions, name, request)?;
            // The library does not tell the directory. Only this thread records snapshots of the session.
            let made = request.directories(path).into_iter().find(|directory| !before.contains(directory));
            made.map(Some).ok_or_else(|| {
                Error::system(
                    format!("the snapshot {}", request.label),
                    "was not written where it was expected",
                )
            })
        }
    }
}

/// Records a snapshot of session `name` to where its snapshots go unless told otherwise.
pub(crate) fn record_anywhere(functions: &Functions, name: &CStr) -> Result<(), Error> {
    // SAFETY: the name is NUL terminated and outlives the call; without an output the session's own are taken.
    let code = unsafe { (functions.snapshot_record)(name.as_ptr(), ptr::null_mut(), 0) };
    checked(functions, "lttng_snapshot_record", &name.to_string_lossy(), code).map(drop)
}

fn record_to(functions: &Functions, name: &CStr, request: &Request) -> Result<(), Error> {
    let (label, place) = (request.c_label.as_ptr(), request.c_output.as_ptr());
    // SAFETY: no arguments.
    let output = unsafe { (functions.snapshot_output_create)() };
    if output.is_null() {
        return Err(Error::system("a snapshot output", "liblttng-ctl is out of memory"));
    }
    // SAFETY: the output is not null, was made above and is destroyed below, once; the library copies the strings,
    // which are NUL terminated and outlive the calls.
    let code = unsafe {
        let mut code = (functions.snapshot_output_set_name)(label, output);
        if code == 0 {
            code = match request.output {
                Output::Local(_) => (functions.snapshot_output_set_local_path)(place, output),
                Output::Net(_) => (functions.snapshot_output_set_network_url)(place, output),
            };
        }
        if code == 0 {
            code = (functions.snapshot_record)(name.as_ptr(), output, 0);
        }
        (functions.snapshot_output_destroy)(output);
        code
    };
    checked(functions, "lttng_snapshot_record", &name.to_string_lossy(), code).map(drop)
}

/// Where the session's snapshots go unless told otherwise: a directory, or a URL.
pub(crate) fn first_output(functions: &Functions, name: &CStr) -> Result<Option<String>, Error> {
    let mut list = ptr::null_mut();
    // SAFETY: the name is NUL terminated and `list` is a valid place for the result; both outlive the call.
    let code = unsafe { (functions.snapshot_list_output)(name.as_ptr(), &raw mut list) };
    checked(functions, "lttng_snapshot_list_output", &name.to_string_lossy(), code)?;
    // SAFETY: the library made the list, which owns its outputs and their URLs; it is destroyed once, after they were
    // copied.
    unsafe {
        let output = (functions.snapshot_output_list_get_next)(list);
        let url =
            if output.is_null() { ptr::null() } else { (functions.snapshot_output_get_ctrl_url)(output) };
        let text = (!url.is_null()).then(|| CStr::from_ptr(url).to_string_lossy().into_owned());
        (functions.snapshot_output_list_destroy)(list);
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_directories_of_this_label_are_its_snapshots() {
        let request = Request::new("alarm", &Output::Local("/t".into())).unwrap();
        assert!(request.is_named_after(Path::new("/t/alarm-20261123-120000-0")));
        for other in
            ["alarm", "alarm-2-20261123-120000-0", "alarms-20261123-120000-0", "alarm-20261123-120000"]
        {
            assert!(!request.is_named_after(&Path::new("/t").join(other)), "{other}");
        }
    }

    #[test]
    fn a_label_is_a_name() {
        for label in ["", "a/b", "..", &"x".repeat(LABEL_MAX)] {
            assert!(Request::new(label, &Output::Local("/t".into())).err().unwrap().is_bad_plan(), "{label}");
        }
    }
}
