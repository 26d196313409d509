//! The end of a session: asked for, and waited for.

use std::ffi::CStr;
use std::ptr;

use crate::call::{HANDLE_TIMEOUT, Lttng, c_string, error_of};
use crate::deadline::Deadline;
use crate::error::{Error, Kind};
use crate::sys::{self, Foreign, Functions};

/// Destroys a session, waiting until its data is written. The end is asked for again and again: others' calls come in
/// between.
pub(crate) fn destroy(lttng: &Lttng, name: &str, deadline: Deadline) -> Result<(), Error> {
    let what = || format!("to destroy session {name}");
    let (c_name, subject) = (c_string(name)?, name.to_owned());
    let handle = lttng.call(what(), deadline, move |functions| begin(functions, &c_name))?;
    let end = deadline.poll(|| {
        let subject = subject.clone();
        lttng.call(what(), deadline, move |functions| end(functions, &subject, handle))
    });
    // A busy thread costs us the handle's memory, not the answer.
    let _ = lttng.call(what(), Deadline::after(HANDLE_TIMEOUT), move |functions| {
        // SAFETY: the handle came from the library and no later call uses it.
        unsafe { (functions.destruction_handle_destroy)(handle.get()) };
        Ok(())
    });
    end?.ok_or_else(|| Error::timeout(what(), deadline.within()))
}

const DESTROY: &str = "lttng_destroy_session_ext";

fn begin(functions: &Functions, name: &CStr) -> Result<Foreign<sys::DestructionHandle>, Error> {
    let mut handle = ptr::null_mut();
    // SAFETY: the name is NUL terminated and `handle` is a valid place for the result; both outlive the call.
    let code = unsafe { (functions.destroy_session_ext)(name.as_ptr(), &raw mut handle) };
    if code == sys::OK {
        Ok(Foreign::new(handle))
    } else {
        Err(error_of(functions, DESTROY, &name.to_string_lossy(), code))
    }
}

fn end(
    functions: &Functions,
    name: &str,
    handle: Foreign<sys::DestructionHandle>,
) -> Result<Option<()>, Error> {
    let mut result = sys::OK;
    // SAFETY: the library gave the handle and it is not destroyed yet; `result` is a valid place for the result.
    let status = unsafe {
        let status = (functions.destruction_handle_wait_for_completion)(handle.get(), 0);
        if status == sys::DESTRUCTION_STATUS_COMPLETED {
            (functions.destruction_handle_get_result)(handle.get(), &raw mut result);
        }
        status
    };
    match status {
        sys::DESTRUCTION_STATUS_COMPLETED if result == sys::OK => Ok(Some(())),
        sys::DESTRUCTION_STATUS_COMPLETED => Err(error_of(functions, DESTROY, name, result)),
        sys::DESTRUCTION_STATUS_TIMEOUT => Ok(None),
        _ => Err(Kind::NoSessiond.into()),
    }
}
