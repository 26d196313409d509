//! A word that every thread has for itself, 0 at first.
//!
//! On x86-64 compilers make a library ask the loader with a call of a dozen instructions where a thread's own memory is.
//! TLS descriptors, which other architectures have in their place from the start, answer in three where the loader had
//! room in every thread's block, and are as right as a call where it had not.

#[cfg(all(target_os = "linux", target_arch = "x86_64", target_pointer_width = "64"))]
mod by_descriptor {
    use std::arch::{asm, global_asm};

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

    /// This thread's word.
    #[inline(always)]
    pub(crate) fn get() -> usize {
        let word;
        // SAFETY: the first two instructions are how the ELF ABI says to ask for a thread's variable: it comes back in
        // rax, counted from the thread's pointer, and no other integer register changes. glibc before 2.40 may change
        // vector registers, so they are given up. The variable is a word of this thread, which only this module knows.
        unsafe {
            asm!(
                "leaq beamtap_own_word@tlsdesc(%rip), %rax",
                "callq *beamtap_own_word@tlscall(%rax)",
                "movq %fs:(%rax), %rax",
                out("rax") word,
                out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _,
                out("xmm4") _, out("xmm5") _, out("xmm6") _, out("xmm7") _,
                out("xmm8") _, out("xmm9") _, out("xmm10") _, out("xmm11") _,
                out("xmm12") _, out("xmm13") _, out("xmm14") _, out("xmm15") _,
                options(att_syntax)
            );
        }
        word
    }

    /// Changes this thread's word.
    pub(crate) fn set(word: usize) {
        // SAFETY: as in `get`; the one store is to this thread's own word.
        unsafe {
            asm!(
                "leaq beamtap_own_word@tlsdesc(%rip), %rax",
                "callq *beamtap_own_word@tlscall(%rax)",
                "movq {word}, %fs:(%rax)",
                word = in(reg) word,
                out("rax") _,
                out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _,
                out("xmm4") _, out("xmm5") _, out("xmm6") _, out("xmm7") _,
                out("xmm8") _, out("xmm9") _, out("xmm10") _, out("xmm11") _,
                out("xmm12") _, out("xmm13") _, out("xmm14") _, out("xmm15") _,
                options(att_syntax)
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
