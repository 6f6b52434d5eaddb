"""A Python function: handle(request) is called for each request."""


def handle(request):
    return {"hello": "python", "path": request.path}
