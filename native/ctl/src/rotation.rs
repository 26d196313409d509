//! Rotating a session: asked for, watched, and freed.

use std::ffi::CStr;
use std::path::PathBuf;
use std::ptr;

use crate::call::checked;
use crate::error::Error;
use crate::sys::{self, Foreign, Functions};

pub(crate) type Handle = Foreign<sys::RotationHandle>;

/// Asks for the rotation.
pub(crate) fn begin(functions: &Functions, name: &CStr) -> Result<Handle, Error> {
    let mut handle = ptr::null_mut();
    // SAFETY: the name is NUL terminated, a null descriptor stands for the defaults, and `handle` is a valid place for
    // the result; all outlive the call.
    let code = unsafe { (functions.rotate_session)(name.as_ptr(), ptr::null_mut(), &raw mut handle) };
    checked(functions, "lttng_rotate_session", &name.to_string_lossy(), code)?;
    Ok(Foreign::new(handle))
}

/// Where the closed chunk is, once it is complete: `Some(None)` when it is on another machine.
pub(crate) fn end(
    functions: &Functions,
    name: &CStr,
    handle: Handle,
) -> Result<Option<Option<PathBuf>>, Error> {
    let refused = |what: &str| Error::system(format!("the rotation of {}", name.to_string_lossy()), what);
    let mut state = 0;
    // SAFETY: the library gave the handle and it is not freed yet; `state` is a valid place for the result.
    let status = unsafe { (functions.rotation_handle_get_state)(handle.get(), &raw mut state) };
    if status != sys::ROTATION_STATUS_OK {
        return Err(refused("its progress cannot be queried"));
    }
    match state {
        sys::ROTATION_STATE_ONGOING => Ok(None),
        sys::ROTATION_STATE_COMPLETED => Ok(Some(chunk(functions, handle))),
        _ => Err(refused("failed")),
    }
}

/// The local path of a completed rotation's chunk.
fn chunk(functions: &Functions, handle: Handle) -> Option<PathBuf> {
    let (mut location, mut path) = (ptr::null(), ptr::null());
    // SAFETY: the handle is valid and its rotation completed; the places for results are valid; a location or path
    // that the library gives belongs to the handle, which outlives their use here.
    unsafe {
        let status = (functions.rotation_handle_get_archive_location)(handle.get(), &raw mut location);
        if status != sys::ROTATION_STATUS_OK
            || (functions.trace_archive_location_get_type)(location) != sys::LOCATION_TYPE_LOCAL
            || (functions.trace_archive_location_local_get_absolute_path)(location, &raw mut path)
                != sys::LOCATION_STATUS_OK
        {
            return None;
        }
        Some(PathBuf::from(CStr::from_ptr(path).to_string_lossy().into_owned()))
    }
}

/// Frees the handle.
pub(crate) fn free(functions: &Functions, handle: Handle) {
    // SAFETY: the library gave the handle, and its owner uses it no more.
    unsafe { (functions.rotation_handle_destroy)(handle.get()) };
}
