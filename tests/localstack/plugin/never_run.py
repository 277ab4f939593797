"""An extension of LocalStack: an executor of Lambda functions that prepares and runs none. The usual one needs Docker."""

from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin


class NeverRun:
    @classmethod
    def validate_environment(cls):
        return True

    @classmethod
    def prepare_version(cls, function_version):
        pass

    @classmethod
    def cleanup_version(cls, function_version):
        pass


class NeverRunPlugin(RuntimeExecutorPlugin):
    name = "none"

    def load(self, *args, **kwargs):
        return NeverRun
