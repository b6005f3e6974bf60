/**
 * A column's value in a result: INTEGER as a number, or as a bigint beyond ±2^53; REAL as a number,
 * TEXT as a string, BLOB as bytes.
 */
export type ColumnValue = null | number | bigint | string | Uint8Array;
