//! Terms as the VM itself writes them.

use super::word::term_of;
use std::ffi::{CStr, c_char, c_int};

unsafe extern "C" {
    // Not among rustler's bindings. Its `%T` is the only way to an atom's name beyond Latin-1 before OTP 26.
    pub(super) fn enif_snprintf(out: *mut c_char, size: usize, format: *const c_char, ...) -> c_int;
}

/// Writes a term's text, NUL-terminated, and answers its length; what does not fit is cut. `format` holds one `%T`, with
/// a precision where the term can be of any size: that bounds how much of it the VM looks at.
pub(crate) fn print(out: &mut [u8], format: &CStr, term: u64) -> usize {
    // SAFETY: the buffer's size is given, and the format takes the one term it is given.
    unsafe { enif_snprintf(out.as_mut_ptr().cast(), out.len(), format.as_ptr(), term_of(term)) };
    out.iter().position(|&byte| byte == 0).unwrap_or(0)
}
