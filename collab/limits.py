"""Owns the bounds of every queue, map, string and recursion; knows nothing but numbers.

Each field's name appears in the error that it causes (`LimitExceeded.limit`).
"""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that protect one server; sizes in bytes, times in seconds."""

    # one message
    message_size_bytes: int = 1 * MIB
    sync_size_bytes: int = 64 * MIB
    large_messages_size_bytes: int = 256 * MIB
    inline_check_size_bytes: int = 64 * KIB
    state_vector_clients: int = 100_000
    update_structs: int = 2_000_000
    update_depth: int = 32
    string_size_bytes: int = 48 * MIB
    # awareness
    awareness_clients_per_connection: int = 4
    awareness_state_size_bytes: int = 4 * KIB
    awareness_messages_per_second: float = 40.0
    awareness_timeout_s: float = 30.0
    awareness_depth: int = 16
    # one connection
    messages_per_second: float = 400.0
    messages_burst: int = 4_000
    jupyter_messages_per_second: float = 2_000.0
    jupyter_messages_burst: int = 20_000
    outbox_size_bytes: int = 1 * MIB
    outbox_stall_s: float = 10.0
    resync_interval_s: float = 1.0
    handshake_timeout_s: float = 10.0
    idle_timeout_s: float = 90.0
    # one room, one server
    document_size_bytes: int = 96 * MIB
    room_inbox_messages: int = 10_000
    connections_per_room: int = 2_000
    connections_per_address: int = 2_000
    pending_handshakes: int = 500
    refused_handshakes_per_minute: int = 60
    request_head_size_bytes: int = 32 * KIB
    request_body_bytes_per_second: int = 4 * KIB
    keep_alive_timeout_s: float = 15.0
    apply_slot_size_bytes: int = 2 * MIB
    rooms: int = 20_000
    rooms_per_user: int = 500
    outside_changes: int = 32
    access_requests: int = 1000
    access_requests_per_hour: int = 3
    scratch_name_length: int = 200
    documents_per_socket: int = 100
    scratch_documents: int = 50_000
    scratch_documents_per_user_and_hour: int = 1_000
    points_per_document: int = 500
    point_name_length: int = 200
    # between the workers of one machine
    workers: int = 64
    heavy_document_size_bytes: int = 2 * MIB
    handover_size_bytes: int = 128 * KIB
    handover_hops: int = 4
    room_channel_frame_size_bytes: int = 128 * MIB
    room_channel_calls: int = 1_000
    room_channel_connections: int = 500
    room_channel_timeout_s: float = 180.0
    room_channel_question_s: float = 2.0
    # between nodes
    fanout_message_size_bytes: int = 1 * MIB
    fanout_queue_size_bytes: int = 32 * MIB
    fanout_nodes: int = 256
    fanout_missing_messages: int = 64
    fanout_rooms_in_beat: int = 2_000
    # for operators
    listed_entries: int = 10_000
    # files
    file_size_bytes: int = 10 * MIB
    notebook_size_bytes: int = 56 * MIB
    upload_size_bytes: int = 512 * MIB
    transfers_size_bytes: int = 1024 * MIB
    search_entries: int = 200
    search_folders: int = 2_000
    folder_entries: int = 50_000
    request_body_size_bytes: int = 1 * MIB
    templates: int = 100
    template_size_bytes: int = 20 * MIB
    # files that are a zip of XML parts
    package_members: int = 5_000
    package_unpacked_bytes: int = 512 * MIB
    package_ratio: int = 100
    package_ratio_from_bytes: int = 10 * MIB
    part_size_bytes: int = 64 * MIB
    xml_depth: int = 256
    xml_attributes: int = 500
    xml_nodes: int = 3_000_000
    # spreadsheets
    sheet_cells: int = 1_000_000
    sheet_rows: int = 200_000
    sheet_columns: int = 16_384
    sheets: int = 1_000
    # formats, in the sandbox child
    format_cpu_s: float = 45.0
    format_memory_bytes: int = 1024 * MIB
    format_timeout_s: float = 90.0
    format_children: int = 2
    format_queue_jobs: int = 64
    format_queue_size_bytes: int = 256 * MIB
    format_jobs_per_child: int = 500
    # exports, and the office program that makes some of them
    exports_per_minute: int = 20
    export_children: int = 1
    export_queue_jobs: int = 8
    export_timeout_s: float = 90.0
    export_memory_bytes: int = 2048 * MIB
    export_size_bytes: int = 64 * MIB
    # times of the room
    suspect_s: float = 3600.0
    load_timeout_s: float = 60.0
    save_timeout_s: float = 120.0
