"""A gRPC server for tests: shop.Product, on 127.0.0.1, any port, which is the first line that it prints.

usage: grpc_server.py FOLDER   with shop_pb2.py, made by protoc, in FOLDER
"""
import sys
from concurrent import futures

import grpc

sys.path.insert(0, sys.argv[1])
import shop_pb2  # noqa: E402


def get(request, context):
    if request.id == 404:
        context.abort(grpc.StatusCode.NOT_FOUND, "no such product")
    if request.id == 13:
        context.abort(grpc.StatusCode.INTERNAL, "told to fail")
    metadata = dict(context.invocation_metadata())
    return shop_pb2.Reply(
        id=request.id,
        name="product-%d" % request.id,
        tags=list(request.tags),
        shadow=metadata.get("x-shadow", ""),
        trace=metadata.get("traceparent", ""),
        caller=metadata.get("x-caller", ""),
        has_deadline=context.time_remaining() is not None and context.time_remaining() < 3600,
    )


def main():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    handler = grpc.unary_unary_rpc_method_handler(
        get, request_deserializer=shop_pb2.Query.FromString, response_serializer=shop_pb2.Reply.SerializeToString
    )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("shop.Product", {"Get": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


main()
