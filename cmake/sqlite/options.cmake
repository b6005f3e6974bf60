# SQLite's compile-time options: one list for the native and the wasm build. The exact list is part of
# the engine's identity (schema entries hash it), so a change here is an engine change.
set(TABLOG_SQLITE_OPTIONS
    # The platform is ours: storage/ registers the only VFS and defines sqlite3_os_init/_end.
    SQLITE_OS_OTHER=1
    SQLITE_THREADSAFE=0
    SQLITE_OMIT_LOAD_EXTENSION
    SQLITE_OMIT_SHARED_CACHE
    SQLITE_DEFAULT_MEMSTATUS=0
    SQLITE_TEMP_STORE=3
    SQLITE_USE_ALLOCA
    # Only downloaded, never needed: the profile sets auto_vacuum=NONE, and nothing traces.
    SQLITE_OMIT_AUTOVACUUM
    SQLITE_OMIT_TRACE
    SQLITE_OMIT_TCL_VARIABLE
    SQLITE_UNTESTABLE
    # Determinism: no time zone, no quoted-string guessing, the same keys enforced everywhere.
    SQLITE_OMIT_LOCALTIME
    SQLITE_DQS=0
    SQLITE_DEFAULT_FOREIGN_KEYS=1
    SQLITE_LIKE_DOESNT_MATCH_BLOBS
    SQLITE_STRICT_SUBTYPE=1
    SQLITE_OMIT_DEPRECATED
    # The state database runs in WAL: no flush per transaction, the log has it.
    SQLITE_DEFAULT_WAL_SYNCHRONOUS=1
    # Digests; column origins for queries; what apps expect to find.
    SQLITE_ENABLE_PREUPDATE_HOOK
    SQLITE_ENABLE_COLUMN_METADATA
    SQLITE_ENABLE_FTS5
    SQLITE_ENABLE_MATH_FUNCTIONS)
