#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER emitter

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE <tp.h>

#if !defined(EMITTER_TP_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define EMITTER_TP_H
#include <lttng/tracepoint.h>

/* 14 bytes with its header: 286 of them leave 8 bytes of a 4 KiB sub-buffer unused. */
LTTNG_UST_TRACEPOINT_EVENT(emitter, loose, LTTNG_UST_TP_ARGS(uint64_t, n),
	LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(uint64_t, n, n)))

/* 17 bytes with its header: 236 of them fill a 4 KiB sub-buffer exactly. */
LTTNG_UST_TRACEPOINT_EVENT(emitter, exact, LTTNG_UST_TP_ARGS(uint64_t, n),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer(uint64_t, n, n)
		lttng_ust_field_integer(uint16_t, a, 1)
		lttng_ust_field_integer(uint8_t, b, 2)))

#endif
#include <lttng/tracepoint-event.h>
