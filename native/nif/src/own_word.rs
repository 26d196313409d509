//! A word that every thread has for itself, 0 at first.
//!
//! On x86-64 compilers make a library ask the loader with a call of a dozen instructions where a thread's own memory is.
//! TLS descriptors, which other architectures have in their place from the start, answer in three where the loader had
//! room in every thread's block, and are as right as a call where it had not.

#[cfg(all(target_os = "linux", target_arch = "x86_64", target_pointer_width = "64"))]
mod by_descriptor {
    use std::arch::{asm, global_asm};

    // #[thread_local]
    // static mut beamtap_own_word: usize = 0;
    global_asm!(
        ".pushsection .tbss.beamtap_own_word,\"awT\",@nobits",
        ".globl beamtap_own_word",
        ".hidden beamtap_own_word",
        ".type beamtap_own_word,@object",
        ".size beamtap_own_word,8",
        ".p2align 3",
        "beamtap_own_word: .zero 8",
        ".popsection",
        options(att_syntax)
    );

    /// Asks for the word's address with these registers given up.
    macro_rules! address {
        ($($register:tt)*) => {{
            let address: usize;
            // let descriptor = &DESCRIPTOR;                // the loader's, of this library's variable
            // address = (descriptor.resolve)(descriptor);
            //
            // SAFETY: the two instructions are how the ELF ABI says to ask for a thread's variable: linkers know them as
            // a pair. The function that they call changes rax alone by that ABI; glibc's before 2.40 saves the other integer
            // registers and then calls C where a thread has not got the variable yet, so what C may change besides is
            // given up.
            unsafe {
                asm!(
                    "leaq beamtap_own_word@tlsdesc(%rip), %rax",
                    "callq *beamtap_own_word@tlscall(%rax)",
                    out("rax") address,
                    $(out($register) _,)*
                    options(att_syntax)
                );
            }
            address
        }};
    }

    /// Where this thread's word is, counted from the thread's pointer.
    #[cfg(not(target_feature = "avx512f"))]
    #[inline(always)]
    fn address() -> usize {
        address!(
            "xmm0" "xmm1" "xmm2" "xmm3" "xmm4" "xmm5" "xmm6" "xmm7"
            "xmm8" "xmm9" "xmm10" "xmm11" "xmm12" "xmm13" "xmm14" "xmm15"
            "st(0)" "st(1)" "st(2)" "st(3)" "st(4)" "st(5)" "st(6)" "st(7)"
            "mm0" "mm1" "mm2" "mm3" "mm4" "mm5" "mm6" "mm7"
        )
    }

    /// Where this thread's word is, counted from the thread's pointer. The name of a vector's lowest part stands for the
    /// whole of it.
    #[cfg(target_feature = "avx512f")]
    #[inline(always)]
    fn address() -> usize {
        address!(
            "xmm0" "xmm1" "xmm2" "xmm3" "xmm4" "xmm5" "xmm6" "xmm7"
            "xmm8" "xmm9" "xmm10" "xmm11" "xmm12" "xmm13" "xmm14" "xmm15"
            "xmm16" "xmm17" "xmm18" "xmm19" "xmm20" "xmm21" "xmm22" "xmm23"
            "xmm24" "xmm25" "xmm26" "xmm27" "xmm28" "xmm29" "xmm30" "xmm31"
            "k0" "k1" "k2" "k3" "k4" "k5" "k6" "k7"
            "st(0)" "st(1)" "st(2)" "st(3)" "st(4)" "st(5)" "st(6)" "st(7)"
            "mm0" "mm1" "mm2" "mm3" "mm4" "mm5" "mm6" "mm7"
        )
    }

    /// This thread's word.
    #[inline(always)]
    pub(crate) fn get() -> usize {
        let word;
        // word = *((thread_pointer + address()) as *const usize);
        //
        // SAFETY: the variable is a word of this thread, which only this module knows.
        unsafe {
            asm!(
                "movq %fs:({address}), {word}",
                address = in(reg) address(),
                word = lateout(reg) word,
                options(att_syntax, nostack, preserves_flags, readonly)
            );
        }
        word
    }

    /// Changes this thread's word.
    pub(crate) fn set(word: usize) {
        // *((thread_pointer + address()) as *mut usize) = word;
        //
        // SAFETY: as in `get`; the one store is to this thread's own word.
        unsafe {
            asm!(
                "movq {word}, %fs:({address})",
                address = in(reg) address(),
                word = in(reg) word,
                options(att_syntax, nostack, preserves_flags)
            );
        }
    }
}
#[cfg(all(target_os = "linux", target_arch = "x86_64", target_pointer_width = "64"))]
pub(crate) use by_descriptor::{get, set};

#[cfg(not(all(target_os = "linux", target_arch = "x86_64", target_pointer_width = "64")))]
mod by_compiler {
    use std::cell::Cell;

    thread_local! {
        static WORD: Cell<usize> = const { Cell::new(0) };
    }

    /// This thread's word.
    #[inline(always)]
    pub(crate) fn get() -> usize {
        WORD.get()
    }

    /// Changes this thread's word.
    pub(crate) fn set(word: usize) {
        WORD.set(word);
    }
}
#[cfg(not(all(target_os = "linux", target_arch = "x86_64", target_pointer_width = "64")))]
pub(crate) use by_compiler::{get, set};
