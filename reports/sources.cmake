target_sources(tidemark_reports PRIVATE
)
